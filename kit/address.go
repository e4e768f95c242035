package kit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// schemes are those a URL may have, and their default ports.
var schemes = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// foreignSchemes are what other programs call the same transports.
var foreignSchemes = map[string]string{
	"tcp": "mqtt", "mqtt+tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts", "tcps": "mqtts", "mqtt+ssl": "mqtts", "http": "ws", "https": "wss",
}

// maxCredential is the longest user name or password that CONNECT can carry.
const maxCredential = 65535

// urls are the brokers' addresses with their ports, in the order to try. No
// error quotes an address: where a character is not escaped, parts of the
// password stand where the host, the port or the path are expected.
func (s *Settings) urls() (all []*url.URL, _ error) {
	texts := splitList(s.URL)
	for i, text := range texts {
		u, err := parseBroker(text)
		switch {
		case err != nil && len(texts) > 1:
			return nil, fmt.Errorf("MQTT_URL, address %d of %d, %w; a comma in a password is written %%2C", i+1, len(texts), err)
		case err != nil:
			return nil, fmt.Errorf("MQTT_URL %w", err)
		}
		all = append(all, u)
	}
	if len(all) == 0 {
		return nil, errors.New("MQTT_URL is empty, want an address such as mqtt://host:1883")
	}
	return all, nil
}

// splitList is the entries of a list that are not empty.
func splitList(list string) (all []string) {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}

// parseBroker reads one address, and completes its port. Its errors continue
// "MQTT_URL".
func parseBroker(text string) (*url.URL, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errors.New("holds a blank or a control character; in a password a blank is written %20")
	}
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	port, known := schemes[scheme]
	if instead, ok := foreignSchemes[scheme]; found && ok {
		return nil, fmt.Errorf("begins with %s, want %s", scheme+"://", instead+"://")
	}
	if !found || !known {
		return nil, errors.New("has no scheme that is known, want mqtt, mqtts, ws or wss, then ://host:port")
	}
	if err := checkParts(scheme, rest); err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil { // which quotes the address
		return nil, errors.New("is no URL, want one like mqtt://user:password@host:1883; in a password % is written %25, and other special characters so too")
	}
	if strings.HasPrefix(u.Host, "[") {
		if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.Is6() {
			return nil, errors.New("has brackets around what is no IPv6 address")
		}
	} else if !validHost(u.Hostname()) {
		return nil, errors.New("has no host, or one with characters that no host name has")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, errors.New("has a port that is none, want 1 to 65535")
		}
		port = p
	}
	u.Host = net.JoinHostPort(u.Hostname(), port)
	if u.Path == "/" && !isWebSocket(u) {
		u.Path = ""
	}
	password, _ := u.User.Password()
	return u, checkCredentials(u.User.Username(), password)
}

// checkParts refuses the parts of an address that mean nothing: mostly they
// are the rest of a password. rest is what follows the scheme.
func checkParts(scheme, rest string) error {
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	switch path := strings.TrimPrefix(tail, "/"); {
	case strings.Contains(tail, "@"):
		return errors.New("has an @ after one of / ? #; in a user name or a password these are written %2F %3F %23")
	case strings.Contains(tail, "#"):
		return errors.New("has a part that begins with #, which means nothing here; in a password # is written %23")
	case strings.Contains(tail, "?"):
		return errors.New("has a part that begins with ?, which means nothing here; in a password ? is written %3F")
	case path != "" && (scheme == "mqtt" || scheme == "mqtts"):
		return fmt.Errorf("has a path, which %s has no use for; in a password / is written %%2F", scheme)
	case host == "":
		return errors.New("has no host, want one like mqtt://host:1883")
	case !strings.HasPrefix(host, "[") && strings.Count(host, ":") > 1:
		return errors.New("has an IPv6 address without brackets, or a second port; want mqtt://[::1]:1883 or mqtt://host:1883")
	}
	return nil
}

// validHost reports whether name may be a host name or an IPv4 address.
func validHost(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
	})
}

func isWebSocket(u *url.URL) bool { return u.Scheme == "ws" || u.Scheme == "wss" }

// checkCredentials reports what CONNECT cannot carry.
func checkCredentials(user, password string) error {
	switch {
	case len(user) > maxCredential || len(password) > maxCredential:
		return fmt.Errorf("gives a user name or a password of more than %d bytes", maxCredential)
	case !validText(user):
		return errors.New("gives a user name that holds control characters or is no UTF-8")
	}
	return nil
}

// given names the fields of Settings whose variables are set.
type given map[string]bool

// override lets what a service's own variables say take the place of what those of the
// process say.
// An address or a login of its own replaces the whole of the other one.
func (s *Settings) override(own *Settings, set, ownSet given) {
	if ownSet["URL"] {
		delete(set, "Host")
		delete(set, "Port")
		if strings.Contains(own.URL, "@") {
			s.Username, s.Password, s.PasswordFile = "", "", ""
		}
	}
	if ownSet["Host"] {
		delete(set, "URL")
	}
	if ownSet["Password"] || ownSet["PasswordFile"] {
		s.Password, s.PasswordFile = "", ""
	}
}

// resolve makes URL the broker that the variables name, of which set are given.
func (s *Settings) resolve(set given) error {
	for _, name := range []string{"URL", "Host", "Port"} {
		if set[name] && s.namedBy == "" {
			s.namedBy = "MQTT_" + strings.ToUpper(name)
		}
	}
	if !set["Host"] && !set["Port"] {
		return nil
	}
	if set["Port"] && s.Port == 0 {
		return errors.New("MQTT_PORT is 0, want 1 to 65535")
	}
	host := "127.0.0.1"
	if set["Host"] {
		host = strings.TrimSuffix(strings.TrimPrefix(s.Host, "["), "]")
		if a, err := netip.ParseAddr(host); !validHost(host) && (err != nil || !a.Is6()) {
			return errors.New("MQTT_HOST is no host name and no IP address; the port goes into MQTT_PORT, user name and password into MQTT_USERNAME and MQTT_PASSWORD")
		}
	}
	if !set["URL"] {
		s.URL = s.hostURL(host)
		return nil
	}
	all, err := s.urls()
	if err != nil {
		return err
	}
	for _, u := range all {
		if (!set["Host"] || strings.EqualFold(u.Hostname(), host)) && (!set["Port"] || u.Port() == strconv.Itoa(int(s.Port))) {
			return nil
		}
	}
	return fmt.Errorf("MQTT_URL and %s name different brokers: set one of them", map[bool]string{true: "MQTT_HOST", false: "MQTT_PORT"}[set["Host"]])
}

// hostURL is the address that MQTT_HOST and MQTT_PORT mean: with TLS on its
// usual port, and where a variable of TLS is set.
func (s *Settings) hostURL(host string) string {
	u := url.URL{Scheme: "mqtt"}
	if s.Port == 8883 || s.TLSCA+s.TLSCert != "" {
		u.Scheme = "mqtts"
	}
	port := schemes[u.Scheme]
	if s.Port != 0 {
		port = strconv.Itoa(int(s.Port))
	}
	u.Host = net.JoinHostPort(host, port)
	return u.String()
}

// NamedBy is the variable that names the broker, such as MQTT_URL or MQTT_HOST;
// empty when none does and URL is the default.
func (s *Settings) NamedBy() string { return s.namedBy }

// checkLogin reports user names and passwords that contradict each other.
func (s *Settings) checkLogin() error {
	if s.Password != "" && s.PasswordFile != "" {
		return errors.New("MQTT_PASSWORD and MQTT_PASSWORD_FILE are both set: set one of them")
	}
	if err := checkCredentials(s.Username, s.Password); err != nil {
		return fmt.Errorf("MQTT_USERNAME with MQTT_PASSWORD %w", err)
	}
	all, err := s.urls()
	if err != nil {
		return err
	}
	for _, u := range all {
		if err := s.checkAgreement(u, s.Password); err != nil {
			return err
		}
	}
	return nil
}

// checkAgreement reports where the variables and the user info of u contradict each
// other. A password of the variables is empty while it is not known.
func (s *Settings) checkAgreement(u *url.URL, password string) error {
	user := u.User.Username()
	p, inURL := u.User.Password()
	variable := "MQTT_PASSWORD"
	if s.PasswordFile != "" {
		variable = "MQTT_PASSWORD_FILE"
	}
	switch {
	case user != "" && s.Username != "" && user != s.Username:
		return errors.New("MQTT_URL and MQTT_USERNAME give different user names: set one of them")
	case inURL && password != "" && p != password:
		return fmt.Errorf("MQTT_URL and %s give different passwords: set one of them", variable)
	case user == "" && s.Username == "" && s.Password+s.PasswordFile != "":
		return fmt.Errorf("%s is set without a user name: set MQTT_USERNAME too", variable)
	}
	return nil
}

// login is the user name and password for the broker at u: those of its user info, and of
// the variables where that leaves them open; nil without any. A file is read each time, so that
// its password can change.
func (s *Settings) login(u *url.URL) (*url.Userinfo, error) {
	password := s.Password
	if s.PasswordFile != "" {
		var err error
		if password, err = readPassword(s.PasswordFile); err != nil {
			return nil, fmt.Errorf("MQTT_PASSWORD_FILE: %w", err)
		}
	}
	if err := s.checkAgreement(u, password); err != nil {
		return nil, err
	}
	if _, complete := u.User.Password(); complete || u.User == nil && s.Username == "" {
		return u.User, nil
	}
	user := cmp.Or(u.User.Username(), s.Username)
	if password == "" {
		return url.User(user), nil
	}
	return url.UserPassword(user, password), nil
}

// readPassword is what a file holds, without the newline that editors add. A
// path that is not absolute is not quoted: it may be the password itself.
func readPassword(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		if filepath.IsAbs(path) {
			return "", err
		}
		return "", fmt.Errorf("%w; want the path of a file, not the password", errors.Unwrap(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCredential+3))
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	switch {
	case err != nil:
		return "", err
	case text == "":
		return "", errors.New("the file is empty")
	case len(text) > maxCredential:
		return "", fmt.Errorf("the file holds more than %d bytes", maxCredential)
	}
	return text, nil
}

// URLWithLogin is the broker's address, or the list of them, with user name and
// password, for programs that take both in one text. It holds a secret.
func (s *Settings) URLWithLogin() (string, error) {
	all, err := s.urls()
	if err != nil {
		return "", err
	}
	texts := make([]string, len(all))
	for i, u := range all {
		if u.User, err = s.login(u); err != nil {
			return "", err
		}
		texts[i] = strings.ReplaceAll(u.String(), ",", "%2C")
	}
	return strings.Join(texts, ","), nil
}

// RedactURL is a broker's address, or a list of them, without passwords. What
// is no address is not shown: nobody knows where its password is.
func RedactURL(list string) string {
	all, err := (&Settings{URL: list}).urls()
	if err != nil {
		return "of an unreadable address"
	}
	texts := make([]string, len(all))
	for i, u := range all {
		texts[i] = u.Redacted()
	}
	return strings.Join(texts, ",")
}

// Format prints the broker's address without its password, and none of the
// rest: settings hold secrets.
func (s Settings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.LogValue().String()) }

// LogValue is what [Settings.Format] prints.
func (s Settings) LogValue() slog.Value { return slog.StringValue("broker " + RedactURL(s.URL)) }

// warnings are settings that have no effect.
func (s *Settings) warnings() (all []string) {
	urls, err := s.urls()
	if err != nil || s.TLSCA+s.TLSCert+s.TLSKey == "" {
		return nil
	}
	for _, u := range urls {
		if u.Scheme == "mqtt" || u.Scheme == "ws" {
			all = append(all, fmt.Sprintf("MQTT_TLS_* variables have no effect on %s, which is not encrypted: write %ss:// to use them", u.Redacted(), u.Scheme))
		}
	}
	return all
}
