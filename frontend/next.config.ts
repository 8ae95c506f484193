import path from "node:path";
import type { NextConfig } from "next";
import { compileEarly } from "./src/lib/compile-early";
import { readSettings } from "./src/lib/settings";

// A preview that cannot work should not be deployed: there the settings are known when it is built.
if (process.env.VERCEL) readSettings(process.env);

const root = path.resolve(import.meta.dirname);

const config: NextConfig = {
  output: process.env.VERCEL ? undefined : "standalone",
  outputFileTracingRoot: root,
  turbopack: { root },
  poweredByHeader: false,
  reactStrictMode: true,
  compiler: { runAfterProductionCompile: ({ distDir }) => compileEarly(distDir) },
  experimental: {
    optimizePackageImports: ["@mantine/core", "@mantine/hooks", "@mantine/notifications", "@tabler/icons-react"],
    useOffline: true, // a link waits for the connection; else it would leave the application
  },
};

export default config;
