#!/bin/sh
# recipe.sh PHASE - run one phase of one recipe, in the folder of its unpacked sources.
#
# From src/build.ts in the environment: root (of the repository), pkgdir (the recipe's folder), and
# beyond "describe": src (unpacked sources), dest (what the package installs), deps (trees of the
# packages it needs), CC and the other tools. Fields and functions: images/README.md.
set -eu
umask 022

# Fields that a recipe may leave out.
needs='' license_files='' configure_args='' make_args='' source='' sha256=''

# Steps that a style or a recipe replaces. Styles define build and stage.
prepare() { :; }
check() { :; }

load() {
	. "$pkgdir/recipe"
	# No path of this machine gets into a program. A call through a pointer of another type traps.
	export CFLAGS="-O2 -Wcast-function-type-mismatch -ffile-prefix-map=$src=/usr/src/$name-$version"
	export CPPFLAGS='' LDFLAGS='' PKG_CONFIG_LIBDIR="$deps/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$deps"
	if [ -n "$needs" ]; then
		export CPPFLAGS="-I$deps/usr/include" LDFLAGS="-L$deps/usr/lib"
		CFLAGS="$CFLAGS -ffile-prefix-map=$deps="
	fi
	. "$root/images/styles/$style.sh"
	. "$pkgdir/recipe" # again: the recipe's functions win over the style's
}

# Programs that a check names run in a machine booted from the image under test.
run_in_machine() { "$root/cli/pleat" run "$image" -- "$@"; }

licences() {
	into="$dest/usr/share/licenses/$name"
	[ -n "$license_files" ] || license_files=$(ls | grep -E '^(COPYING|LICEN[CS]E)' || true)
	[ -n "$license_files" ] || license_files="$root/LICENSE"
	mkdir -p "$into"
	cp $license_files "$into/"
	chmod 644 "$into"/*
}

case "$1" in
describe)
	. "$pkgdir/recipe"
	printf '%s\0' "$name" "$version" "$license" "$style" "$source" "$sha256" "$needs"
	;;
build)
	load
	for patch in "$pkgdir"/*.patch; do
		[ ! -e "$patch" ] || patch -p1 -s -i "$patch"
	done
	prepare
	build
	;;
stage) # under fakeroot, so that owners hold until they are in the tar file $2
	load
	stage
	licences
	# Nobody reads manuals without a pager's help in the base image; they would double it.
	rm -rf "$dest/usr/share/man" "$dest/usr/share/info" "$dest/usr/share/doc"
	tar -C "$dest" --sort=name --format=gnu --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf "$2" .
	;;
check)
	src='' deps=''
	load
	check
	;;
esac
