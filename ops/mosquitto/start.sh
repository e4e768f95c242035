#!/bin/sh
# Writes the password file from TARS_MQTT_PASSWORD and becomes the broker: the
# users are those of the access list beside this file. The first argument names
# the configuration.
set -eu
umask 077
sed -n 's/^user //p' /mosquitto/config/acl | while read -r user; do
  printf '%s:%s\n' "$user" "$TARS_MQTT_PASSWORD"
done >/tmp/passwd
mosquitto_passwd -U /tmp/passwd # hashes them in place
unset TARS_MQTT_PASSWORD
exec mosquitto -c "/mosquitto/config/$1"
