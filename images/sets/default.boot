# What a boot to the first prompt reads, in its order; used for every set without a list of its own.
/
/sbin
/usr/bin
/usr/bin/init
/etc/passwd
/etc/group
/usr/bin/sh
/usr/bin/dash
/etc/profile
