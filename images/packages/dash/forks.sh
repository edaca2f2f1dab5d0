# forks.sh - forks from many places in the shell: output is compared with another dash.
f() { echo "f $1"; (echo "sub $1"; exit 3); echo "rc $?"; }
f a; x=$(f b); echo "[$x]"
echo $(echo $(echo $(echo deep)))
f c | while read a b; do echo "<$a|$b>"; y=$(echo "$a"); echo "y=$y"; done
for i in 1 2 3; do (exit $i); echo "exit $?"; z=$(for j in x y; do echo $i$j; done); echo "$z"; done
case $(echo foo) in f*) echo case $(echo yes);; esac
eval 'echo eval $(echo in); eval "echo \$(echo nested eval)"'
command eval 'echo command $(echo c)'
trap 'echo exit trap $(echo t) | while read l; do echo "$l"; done' EXIT
trap 'echo usr1 $(echo handler)' USR1
while read l; do echo "here $l $(echo $l)"; done <<X
one
two $(echo three; (echo four))
X
echo $((1 + $(echo 2)))
unset v; echo ${v:-$(echo default)} ${v:=$(echo assigned)} $v ${v#$(echo ass)}
a() { b; }; b() { c; }; c() { (echo "deep func"; a2) ; }; a2() { echo $(echo a2); }
a
{ echo group; (echo g2); } | { read p; read q; echo "$p-$q"; }
if (exit 1); then echo no; elif (exit 0); then echo elif $(echo ok); fi
until (exit 0); do :; done; while ! (exit 0); do :; done
(set -e; false; echo no); echo "set -e $?"
(set -u; echo $undefinedvar) 2>/dev/null; echo "set -u $?"
(exit 5) && echo no || echo "or $?"
! (exit 1) && echo not
r=$(exit 7); echo "assign $?"
(echo bg) & wait; echo waited
(exit 9) & wait $!; echo "wait $?"
( ( ( echo nest3 ) ) ); ( (exit 4) ; echo "n $?" )
echo a b c | (read x y; echo "$y"; echo $(echo "$x"))
readonly RO=1; (RO=2) 2>/dev/null; echo "ro $?"
(. /nonexistent) 2>/dev/null; echo "dot $?"
(return 3) ; echo "ret $?"
alias ll='echo aliased'; eval 'll $(echo x)'
set -- 1 2 3; for a; do echo "$a" $(shift; echo $#); done
getopts ab: o -b $(echo val) && echo "$o $OPTARG"
test "$(echo x)" = x && echo eq
printf '%s-%s\n' $(echo 1 2)
exec 3>/tmp/o3; (echo to3 >&3); exec 3>&-; while read l; do echo "f: $l"; done </tmp/o3
(trap 'echo sub exit' EXIT; echo in sub)
x=`echo back \`echo tick\``; echo $x
echo "${x%$(echo ' tick')}"
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }; fact 7
break_test() { while :; do (exit 1) || break; done; echo broke; }; break_test
ulimit -n >/dev/null; umask >/dev/null; type f | (read l; echo "$l")
set -x; : $(echo traced); set +x
times >/dev/null; hash >/dev/null
: ${nope?$(echo message)} 
