#!/bin/sh
# Runs one part of the local stack so that it cannot outlive whoever started it.
#
#   guardian.sh STOP_SIGNAL GRACE_TENTHS command [arguments]      with a pipe to the parent as fd 3
#
# The command takes this shell's place (same pid, leader of its own process group). A watcher stays
# in the group and reads the pipe: it ends when the parent closes it or dies, by SIGKILL too. The
# watcher then asks the command to stop, waits for at most GRACE_TENTHS/10 s, and kills the group.
# While the watcher lives the group's number cannot belong to anything else.
signal=$1
grace=$2
shift 2
(
  trap '' HUP INT QUIT TERM
  read -r _ <&3
  # A test may have stopped it, with its children (PostgreSQL's lead groups of their own).
  kill -s CONT $$ $(cat /proc/$$/task/$$/children 2>/dev/null)
  kill -s "$signal" $$ 2>/dev/null
  while [ "$grace" -gt 0 ] && kill -0 $$ 2>/dev/null; do
    sleep 0.1
    grace=$((grace - 1))
  done
  kill -s KILL -- -$$
) >/dev/null 2>&1 </dev/null &
exec 3<&-
exec "$@"
