# own - a program of ours: every .c file of the package's folder makes one program.
build() { $CC $CFLAGS -std=gnu17 -Wall -Wextra -Werror $LDFLAGS -o "$name" ./*.c; }
stage() { install -Dm755 "$name" "$dest/usr/bin/$name"; }
