#!/bin/sh
# start.sh passwords        makes a password for each user of the access list, once
# start.sh show             prints the address of the broker with the login of the user tars
# start.sh mosquitto.conf   becomes the broker with this configuration
#
# Below /run/passwords each user has a folder of its own, a volume in compose.yml
# that only its container is given; the broker's own holds no password, but the
# hashes of all. A broker that runs alone, without those folders, takes
# TARS_MQTT_PASSWORD for all users.
set -eu
umask 077
conf=/mosquitto/config
dir=/run/passwords

fail() {
	echo "$1" >&2
	exit 1
}

users() { sed -n 's/^user //p' "$conf/acl"; }

# hash FILE USER PASSWORD adds a login to the password file of Mosquitto.
hash() {
	[ -e "$1" ] || : >"$1"
	mosquitto_passwd -b "$1" "$2" "$3" 2>/dev/null || fail "the password of the user $2 cannot be hashed"
}

# check refuses what cannot be a password, at once and without showing it.
check() {
	case ${TARS_MQTT_PASSWORD:-} in
	*[[:cntrl:]]*) fail 'TARS_MQTT_PASSWORD has a line break or another control character: leave it out' ;;
	-*) fail 'TARS_MQTT_PASSWORD begins with a dash: begin it with something else' ;;
	esac
}

# keep FILE makes the password of a user, unless there is one.
keep() {
	if [ "$user" = tars ] && [ -n "${TARS_MQTT_PASSWORD:-}" ]; then
		printf '%s\n' "$TARS_MQTT_PASSWORD" >"$1.new"
	elif [ -s "$1" ]; then
		return
	else
		head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$1.new"
		echo >>"$1.new"
	fi
	chmod 0400 "$1.new"
	chown 65532:65532 "$1.new"
	mv -f "$1.new" "$1"
}

passwords() {
	check
	[ -d "$dir/broker" ] || fail "the container has no volume at $dir/broker: see the service passwords in compose.yml"
	hashes=$dir/broker/hashes
	rm -f "$hashes.new"
	for user in $(users); do
		[ -d "$dir/$user" ] || fail "the user $user has no volume at $dir/$user: give it one in compose.yml, at the service passwords and at its own"
		chmod 0755 "$dir/$user"
		keep "$dir/$user/password"
		hash "$hashes.new" "$user" "$(cat "$dir/$user/password")"
	done
	chmod 0755 "$dir/broker"
	chmod 0400 "$hashes.new"
	chown 1883:1883 "$hashes.new"
	mv -f "$hashes.new" "$hashes"
}

# show writes each character of a password that a person chose as %XX: in a URL
# some of them mean something else.
show() {
	[ -s "$dir/tars/password" ] || fail 'there is no password yet: docker compose up -d'
	password=$(cat "$dir/tars/password")
	case $password in
	*[!A-Za-z0-9]*) password=$(printf %s "$password" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g') ;;
	esac
	echo "mqtt://tars:$password@127.0.0.1:${TARS_MQTT_PORT:-1883}"
}

case ${1:-} in
passwords) passwords ;;
show) show ;;
*.conf)
	if [ -r "$dir/broker/hashes" ]; then
		cp "$dir/broker/hashes" /tmp/passwd
	else
		check
		[ -n "${TARS_MQTT_PASSWORD:-}" ] || fail "there are no passwords in $dir: run start.sh passwords first, or set TARS_MQTT_PASSWORD"
		rm -f /tmp/passwd
		for user in $(users); do hash /tmp/passwd "$user" "$TARS_MQTT_PASSWORD"; done
	fi
	unset TARS_MQTT_PASSWORD
	exec mosquitto -c "$conf/$1"
	;;
*) fail 'start.sh wants passwords, show, or the name of a configuration such as mosquitto.conf' ;;
esac
