# copy - nothing to compile: the package's folder "files" is what it installs.
build() { chmod -R u=rwX,go=rX files; }
stage() { cp -R files/. "$dest/"; }
