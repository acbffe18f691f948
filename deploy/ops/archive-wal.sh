#!/bin/sh
# For PostgreSQL's archive_command: sh archive-wal.sh %p FOLDER/%f
# Copies one piece of WAL into the archive, where it counts when all of it is on the disk. The same
# piece again is fine, another one under its name is not.
set -eu
if [ -e "$2" ]; then
  cmp -s "$1" "$2"
  exit
fi
cp "$1" "$2.part"
sync "$2.part"
mv "$2.part" "$2"
sync "$(dirname "$2")"
