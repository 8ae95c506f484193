import type { ReactNode } from "react";
import { ConnectionBanner } from "@/shell/connection-banner";
import { Logo } from "@/shell/logo";
import { text } from "@/text/en";
import classes from "./layout.module.css";

export default function AuthLayout({ children }: { children: ReactNode }) {
  return (
    <div className={classes.page}>
      <main className={classes.card}>
        <div className={classes.brand}>
          <Logo />
        </div>
        <ConnectionBanner />
        {children}
      </main>
      <p className={classes.promise}>{text.app.promise}</p>
    </div>
  );
}
