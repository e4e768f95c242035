#!/bin/sh
# fetch.sh DIR puts recordings from Debian packages into DIR, without installing them:
#   DIR/asterisk/*.g722          prompts of Asterisk, the voice of Allison Smith (CC BY-SA 3.0)
#   DIR/music/*.g722             its music on hold, five pieces (CC BY-SA 3.0)
#   DIR/hedgewars/PACK/*.wav     laughs, coughs and short phrases of a game (GFDL 1.3)
#   DIR/licences/*               the copyright file of each package
# Silent when it is there already. A package that cannot be had costs its part and a line.
set -u
[ $# = 1 ] || { echo "fetch.sh DIR" >&2; exit 2; }
mkdir -p "$1" && dir=$(cd "$1" && pwd) || exit 1
say() { printf 'fetch: %s\n' "$*" >&2; }
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM

unpack() { # PACKAGE PATTERN: its files that match into $new/PACKAGE
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { say "no $1: it comes from Debian's packages, and apt is not here"; return 1; }
	mkdir "$new/$1" && chmod 755 "$new" &&
		(cd "$new" && apt-get download "$1" >apt.log 2>&1) || { say "no $1: apt-get download says $(grep -m 1 '^E:' "$new/apt.log" || echo nothing)"; return 1; }
	dpkg-deb --fsys-tarfile "$new/$1"_*.deb | tar -x -C "$new/$1" --wildcards "$2" "./usr/share/doc/$1/copyright*" || { say "no $1: it does not unpack"; return 1; }
	rm "$new/$1"_*.deb
	mkdir -p "$dir/licences" && cp "$new/$1/usr/share/doc/$1"/copyright* "$dir/licences/$1.copyright"
}

if [ ! -d "$dir/asterisk" ] && unpack asterisk-core-sounds-en-g722 './usr/share/asterisk/sounds/*'; then
	mv "$new"/asterisk-core-sounds-en-g722/usr/share/asterisk/sounds/en_US_f_Allison "$dir/asterisk"
fi
if [ ! -d "$dir/music" ] && unpack asterisk-moh-opsound-g722 './usr/share/asterisk/moh/*'; then
	mv "$new"/asterisk-moh-opsound-g722/usr/share/asterisk/moh "$dir/music"
fi
if [ ! -d "$dir/hedgewars" ]; then
	if ! command -v sox >/dev/null; then
		say 'no hedgewars-data: sox reads its files, install the package sox'
	elif unpack hedgewars-data './usr/share/games/hedgewars/Data/Sounds/voices/*'; then
		voices=$new/hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices
		for pack in British Classic Default Default_es Default_pl Default_ru Default_uk HillBilly Mobster Pirate Russian Singer Surfer; do
			mkdir -p "$new/hedgewars/$pack"
			for name in Laugh PoisonCough Hmm Cutitout Leavemealone Comeonthen Illgetyou Justyouwait Thisoneismine Youllregretthat Watchthis; do
				[ -f "$voices/$pack/$name.ogg" ] || continue
				sox -D "$voices/$pack/$name.ogg" -r 16000 -c 1 -b 16 "$new/hedgewars/$pack/$name.wav" gain -n -1 || say "no $pack/$name of hedgewars-data: sox cannot read it"
			done
		done
		mv "$new/hedgewars" "$dir/hedgewars"
	fi
fi
