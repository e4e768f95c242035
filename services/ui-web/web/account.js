// Account is what this browser may do because it gave the token.

// account shows the controls to log out where there is something to log out of,
// and the warning where others can read along.
export async function account($, trouble) {
  const logout = async (path) => {
    const r = await fetch(path, { method: "POST" }).catch(() => null);
    if (r?.ok || r?.status === 401) location.replace("/");
    else trouble("The server does not answer, so this browser is still logged in.");
  };
  $("logout").onclick = () => logout("/logout");
  $("logout-all").onclick = () => logout("/logout/all");
  const known = await fetch("/api/session").then((r) => r.json()).catch(() => ({}));
  $("account").hidden = known.login !== true;
  $("exposed").hidden = known.exposed !== true;
}
