// Who is signed in is asked on the server, with the cookie of the browser.
import { headers } from "next/headers";

export const dynamic = "force-dynamic";

async function user() {
  const cookie = (await headers()).get("cookie") ?? "";
  const response = await fetch("http://127.0.0.1:3000/api/auth/me", { headers: { cookie } });
  return response.ok ? response.json() : null;
}

export default async function Page() {
  const signedIn = await user();
  return (
    <main>
      <h1>Sign in with Postern</h1>
      {signedIn ? <p>You are signed in as {signedIn.sub}.</p> : <a href="/api/auth/login">Sign in</a>}
    </main>
  );
}
