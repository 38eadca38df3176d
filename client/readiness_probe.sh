#!/bin/sh
{ # Read as one command: a copy of this file that was cut short is a syntax error, not a success.
  # The probe: replaces itself with the native client, else with the TypeScript one, and starts no child process.
  #
  # An exec here must not meet a file that the kernel refuses (ENOEXEC): a shell would run it as a script of its
  # own, and an empty one is a success. So the kernel starts the clients by the #! line of a small file, whose
  # other lines take over when it refuses. Those #! lines are relative, hence the cd.
  case $0 in
    */*) lib=${0%/*}/../lib/readinessd ;;
    *) lib=../lib/readinessd ;;
  esac
  [ -d "$lib" ] || lib=/usr/lib/readinessd

  if CDPATH='' cd -P "$lib" 2>/dev/null; then
    launch=./readiness_probe.launch
    last=
    { IFS= read -r first && IFS= read -r last; } 2>/dev/null <"$launch"
    case $first:$last in
      '#!./readiness_probe '*:*'; exit 107')
        if [ -f ./readiness_probe ] && [ -x ./readiness_probe ] && [ -x "$launch" ]; then
          exec "$launch" "$@"
        fi
        ;;
    esac
    # shellcheck source=client/fallback.sh
    command . ./fallback.sh
  fi
  echo "107 ClientBroken no probe client could be run from $lib: install readinessd again"
  exit 107
}
