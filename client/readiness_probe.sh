#!/bin/sh
trap 'echo "107 ClientBroken no probe client could be run: install readinessd again"; exit 107' EXIT
# The probe: replaces itself with the native client, else with the TypeScript one. It starts no child
# process. Unless an exec succeeds, the trap above answers, however this shell ends. That includes a shim
# that was cut short, except within its first 15 bytes: such a cut cannot be detected.
#
# An exec here must not meet a file that the kernel refuses (ENOEXEC): the shell would run it as a script of
# its own, and an empty file is a success. So the kernel starts the clients by the #! line of a small file.
# If it refuses, the other lines of that file run. Its second line makes sure that even a file that was cut
# short is no success. Those #! lines are relative to the current directory, hence the cd.
case $0 in
  */*) bin=${0%/*} ;;
  *) bin=. ;;
esac
# npm's bin is a link to it, from PREFIX/bin when installed globally, else from node_modules/.bin. readlink
# would be a child process.
package=readinessd/dist/rootfs/usr/lib/readinessd
for lib in "$bin/../lib/readinessd" "$bin/../lib/node_modules/$package" "$bin/../$package" /usr/lib/readinessd; do
  [ ! -d "$lib" ] || break
done
[ -x "$lib" ] || exit
CDPATH='' cd -P "$lib" || exit

# An image's dynamic loader shows which processor its programs are for. If that is not the machine's, the
# kernel refuses the native client, and the fallback runs.
machine=amd64
if [ -e /lib64/ld-linux-x86-64.so.2 ]; then
  :
elif [ -e /lib/ld-linux-aarch64.so.1 ] || [ -e /lib/ld-musl-aarch64.so.1 ]; then
  machine=arm64
elif [ -e /lib/ld-linux-armhf.so.3 ] || [ -e /lib/ld-musl-armhf.so.1 ]; then
  machine=armhf
elif [ -d ./other ]; then
  machine=other
fi
launch=../readiness_probe.launch
last= # it may be in the environment
if [ -x "./$machine" ] && cd "./$machine"; then
  if [ -f "$launch" ] && [ -r "$launch" ] && [ -x "$launch" ] &&
    [ -f ./readiness_probe ] && [ -r ./readiness_probe ] && [ -x ./readiness_probe ]; then
    # A shell reads a line byte by byte, with a system call for each. So these lines are short, and the
    # native client is linked to an address that contains a newline, which is its 28th byte
    # (script/native-client.ts).
    read -r magic <./readiness_probe
    { read -r first && read -r last; } <"$launch"
    case $magic:$first:$last in
      ?ELF*:'#!./readiness_probe '*:"trap 'exit 107' EXIT") exec "$launch" "$@" ;;
    esac
  fi
  cd .. || exit
fi
# shellcheck source=client/fallback.sh
command . ./fallback.sh
