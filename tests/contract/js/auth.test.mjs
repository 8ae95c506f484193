import { PASSWORD, address, assert, behaviour, client, landing, latestMail, locally, person, publishable, service, unique, url } from "./harness.mjs";

behaviour("sign up signs in", async () => {
  const email = address();
  const { data, error } = await client().auth.signUp({ email, password: PASSWORD, options: { data: { name: "Zoë" } } });
  assert.ifError(error);
  assert.equal(data.user.email, email);
  assert.equal(data.user.user_metadata.name, "Zoë");
  assert.equal(data.session.token_type, "bearer");
});

behaviour("sign up refusals", async () => {
  const { email } = await person();
  const taken = await client().auth.signUp({ email, password: PASSWORD });
  assert.equal(taken.error.code, "user_already_exists");
  const weak = await client().auth.signUp({ email: address(), password: "abc" });
  assert.equal(weak.error.name, "AuthWeakPasswordError");
  assert.deepEqual(weak.error.reasons, ["length"]);
});

behaviour("sign in with password", async () => {
  const { email, id } = await person();
  const good = await client().auth.signInWithPassword({ email, password: PASSWORD });
  assert.equal(good.data.user.id, id);
  const wrong = await client().auth.signInWithPassword({ email, password: "wrong" });
  assert.deepEqual([wrong.error.code, wrong.error.status], ["invalid_credentials", 400]);
});

behaviour("refresh rotates the token", async () => {
  const { client: mine, id } = await person();
  const before = (await mine.auth.getSession()).data.session;
  const { data } = await mine.auth.refreshSession();
  assert.notEqual(data.session.refresh_token, before.refresh_token);
  assert.equal((await mine.auth.getUser()).data.user.id, id);
  const unknown = await client().auth.refreshSession({ refresh_token: "abcdefghijkl" });
  assert.equal(unknown.error.code, "refresh_token_not_found");
});

behaviour("update metadata and password", async () => {
  const { client: mine, email } = await person();
  const { data } = await mine.auth.updateUser({ data: { size: 2 } });
  assert.equal(data.user.user_metadata.size, 2);
  assert.equal((await mine.auth.updateUser({ password: PASSWORD })).error.code, "same_password");
  assert.ifError((await mine.auth.updateUser({ password: "another horse" })).error);
  assert.ifError((await client().auth.signInWithPassword({ email, password: "another horse" })).error);
});

behaviour("sign out scopes", async () => {
  for (const [scope, here, there] of [["local", false, true], ["others", true, false], ["global", false, false]]) {
    const { client: mine, email } = await person();
    const elsewhere = client();
    await elsewhere.auth.signInWithPassword({ email, password: PASSWORD });
    const tokens = [];
    for (const one of [mine, elsewhere]) tokens.push((await one.auth.getSession()).data.session.access_token);
    assert.ifError((await mine.auth.signOut({ scope })).error);
    for (const [token, good] of [[tokens[0], here], [tokens[1], there]]) {
      const { data } = await client().auth.getUser(token);
      assert.equal(Boolean(data.user), good, scope);
    }
  }
});

behaviour("anonymous people can become permanent", async () => {
  const mine = client();
  const { data } = await mine.auth.signInAnonymously();
  assert.equal(data.user.is_anonymous, true);
  const email = address();
  const changed = await mine.auth.updateUser({ email, password: PASSWORD });
  assert.ifError(changed.error);
  assert.deepEqual([changed.data.user.id, changed.data.user.is_anonymous], [data.user.id, false]);
});

behaviour("claims are read from the token", async () => {
  const { client: mine, id } = await person();
  const { data, error } = await mine.auth.getClaims();
  assert.ifError(error);
  assert.deepEqual([data.claims.sub, data.claims.role], [id, "authenticated"]);
});

behaviour("create find change and delete", async () => {
  const { admin } = service().auth;
  const email = address();
  const made = (await admin.createUser({ email, password: PASSWORD, email_confirm: true, app_metadata: { team: "x" } })).data.user;
  assert.equal((await admin.getUserById(made.id)).data.user.app_metadata.team, "x");
  assert.equal((await admin.updateUserById(made.id, { user_metadata: { a: 1 } })).data.user.user_metadata.a, 1);
  const listed = await admin.listUsers({ page: 1, perPage: 1 });
  assert.equal(listed.data.users.length, 1);
  assert.ok(listed.data.total >= 1);
  assert.ifError((await admin.deleteUser(made.id)).error);
  assert.equal((await admin.getUserById(made.id)).error.code, "user_not_found");
  assert.equal((await client().auth.admin.listUsers()).error.code, "not_admin");
});

locally("a code signs in and is good once", async () => {
  const email = address();
  const mine = client();
  assert.ifError((await mine.auth.signInWithOtp({ email })).error);
  const { code } = await latestMail(email);
  assert.ok((await mine.auth.verifyOtp({ email, token: code, type: "email" })).data.session);
  assert.equal((await client().auth.verifyOtp({ email, token: code, type: "email" })).error.code, "otp_expired");
});

locally("a challenge makes the link worthless to others", async () => {
  const email = address();
  const mine = client(publishable, { flowType: "pkce" });
  await mine.auth.signInWithOtp({ email, options: { emailRedirectTo: "http://localhost:3000/callback" } });
  const place = await landing((await latestMail(email)).link);
  const code = place.searchParams.get("code");
  assert.equal(place.pathname, "/callback");
  const stranger = await client(publishable, { flowType: "pkce" }).auth.exchangeCodeForSession(code);
  assert.ok(stranger.error);
  const { data, error } = await mine.auth.exchangeCodeForSession(code);
  assert.ifError(error);
  assert.equal(data.user.email, email);
});

locally("recovery sets a new password", async () => {
  const { email } = await person();
  const mine = client(publishable, { flowType: "pkce" });
  assert.ifError((await mine.auth.resetPasswordForEmail(email, { redirectTo: "http://localhost:3000/new" })).error);
  const place = await landing((await latestMail(email)).link);
  const { data } = await mine.auth.exchangeCodeForSession(place.searchParams.get("code"));
  assert.equal(data.redirectType, "recovery");
  assert.ifError((await mine.auth.updateUser({ password: "a new horse" })).error);
});

locally("an address changes when both have agreed", async () => {
  const { client: mine, email } = await person();
  const fresh = address();
  assert.equal((await mine.auth.updateUser({ email: fresh })).data.user.new_email, fresh);
  for (const one of [email, fresh]) await landing((await latestMail(one)).link);
  assert.equal((await mine.auth.getUser()).data.user.email, fresh);
});

locally("generated links sign in", async () => {
  const email = address();
  const { data, error } = await service().auth.admin.generateLink({ type: "magiclink", email });
  assert.ifError(error);
  const { hashed_token: token_hash, verification_type: type } = data.properties;
  assert.equal((await client().auth.verifyOtp({ token_hash, type })).data.user.email, email);
});

locally("invitations", async () => {
  const email = address();
  assert.ifError((await service().auth.admin.inviteUserByEmail(email)).error);
  assert.match((await landing((await latestMail(email)).link)).hash, /type=invite/);
});

behaviour("a second factor is enrolled and listed", async () => {
  const { client: mine } = await person();
  const { data, error } = await mine.auth.mfa.enroll({ factorType: "totp", friendlyName: unique() });
  assert.ifError(error);
  assert.match(data.totp.qr_code, /^data:image\/svg\+xml/);
  assert.ok((await mine.auth.mfa.challenge({ factorId: data.id })).data.expires_at);
  assert.equal((await mine.auth.mfa.listFactors()).data.all.length, 1);
  assert.equal((await mine.auth.mfa.getAuthenticatorAssuranceLevel()).data.currentLevel, "aal1");
  assert.ifError((await mine.auth.mfa.unenroll({ factorId: data.id })).error);
});

behaviour("oauth providers", async () => {
  const { data } = await client().auth.signInWithOAuth({ provider: "github", options: { skipBrowserRedirect: true } });
  const answer = await fetch(data.url, { redirect: "manual" });
  assert.deepEqual([answer.status, (await answer.json()).error_code], [400, "validation_failed"]);
  assert.ok(data.url.startsWith(url));
});
