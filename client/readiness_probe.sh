#!/bin/sh
trap 'echo "107 ClientBroken no probe client could be run: install readinessd again"; exit 107' EXIT
# The probe: replaces itself with the native client, else with the TypeScript one, and starts no child process.
# However this shell ends, other than by an exec that succeeds, the trap above answers; so also when it was cut short,
# unless within its first 15 bytes, which nothing could guard.
#
# An exec here must not meet a file that the kernel refuses (ENOEXEC): the shell would run it as a script of its own,
# and an empty one is a success. So the kernel starts the clients by the #! line of a small file, whose other lines
# take over when it refuses. Those #! lines are relative to the current directory, hence the cd.
case $0 in
  */*) bin=${0%/*} ;;
  *) bin=. ;;
esac
# npm's bin is a link to it, from PREFIX/bin when installed globally, else from node_modules/.bin; readlink would be a child.
package=readinessd/dist/rootfs/usr/lib/readinessd
for lib in "$bin/../lib/readinessd" "$bin/../lib/node_modules/$package" "$bin/../$package" /usr/lib/readinessd; do
  [ ! -d "$lib" ] || break
done
CDPATH='' cd -P "$lib" 2>/dev/null || exit

launch=./readiness_probe.launch
{ IFS= read -r first && IFS= read -r last; } 2>/dev/null <"$launch"
{ IFS= read -r magic; } 2>/dev/null <./readiness_probe
case $magic:$first:$last in
  ?ELF*:'#!./readiness_probe '*:*' ./fallback.sh')
    [ -f ./readiness_probe ] && [ -x ./readiness_probe ] && [ -x "$launch" ] && exec "$launch" "$@"
    ;;
esac
# shellcheck source=client/fallback.sh
command . ./fallback.sh
