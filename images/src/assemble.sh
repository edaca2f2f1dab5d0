#!/bin/sh
# assemble.sh IMAGE TREE UUID PACKAGE.tar... - lay packages into TREE and make an EROFS image of it.
# Run under fakeroot. Two packages with one file in common are an error, not a race.
set -eu
image=$1 tree=$2 uuid=$3
shift 3
mkdir -p "$tree"
for tar in "$@"; do
	tar -tf "$tar" | grep -v '/$' | while read -r path; do
		if [ -e "$tree/$path" ] || [ -h "$tree/$path" ]; then
			echo "two packages have $path (the second in $tar)" >&2
			exit 1
		fi
	done
	tar -C "$tree" --numeric-owner -p -xf "$tar"
done
# For building other packages, not for running.
rm -rf "$tree/usr/include" "$tree/usr/lib/pkgconfig"
find "$tree" -name '*.a' -path '*/lib/*' -delete
rm -f "$image"
mkfs.erofs -x-1 -T"$SOURCE_DATE_EPOCH" -U"$uuid" --quiet "$image" "$tree"
