# make - a Makefile that takes CC, AR and the like from its command line.
build() { make CC="$CC" AR="$AR" RANLIB="$RANLIB" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" $make_args; }
stage() { make install DESTDIR="$dest" PREFIX=/usr $make_args; }
