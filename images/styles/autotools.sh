# autotools - ./configure && make && make install, configured for our machine.
build() {
	pleat-configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var $configure_args
	make $make_args
}
stage() { make install DESTDIR="$dest" $make_args; }
