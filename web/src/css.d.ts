/** Style sheets are imported for their effect; the build takes them apart. */
declare module '*.css';
