// Account is what this browser may do because it gave the token.

import { session, t } from "./text.js";

// account shows the controls to log out where there is something to log out of,
// and the warning where others can read along.
export function account($, trouble) {
  const logout = async (path) => {
    const r = await fetch(path, { method: "POST" }).catch(() => null);
    if (r?.ok || r?.status === 401) location.replace("/");
    else trouble(t("still logged in"));
  };
  $("logout").onclick = () => logout("/logout");
  $("logout-all").onclick = () => logout("/logout/all");
  $("account").hidden = session.login !== true;
  $("exposed").hidden = session.exposed !== true;
}
