import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** Water over slate: one colour for what can be pressed, blue-grey for the rest. */
const river: MantineColorsTuple = [
  "#eaf6f8", "#d6ecf0", "#addae3", "#7ec5d3", "#56b2c5", "#3da4ba", "#2a97af", "#1b8097", "#12697d", "#095464",
];
const dark: MantineColorsTuple = [
  "#dde4e9", "#c2ccd4", "#a5b1bb", "#76838f", "#3a454f", "#2d3740", "#202830", "#161c22", "#11161b", "#0c1014",
];

export const theme = createTheme({
  primaryColor: "river",
  primaryShade: { light: 8, dark: 7 },
  colors: { river, dark },
  black: "#17212b",
  fontFamily: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { fw: 500 } },
    Modal: {
      defaultProps: { centered: true, radius: "lg", overlayProps: { backgroundOpacity: 0.45, blur: 2 } },
      styles: { title: { fontWeight: 650, fontSize: "var(--mantine-font-size-lg)" } },
    },
    Menu: { defaultProps: { shadow: "md", radius: "md" } },
  },
});

/** Mantine's dimmed text and links are a shade too pale for AA. */
export const resolveVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#59636c",
    "--mantine-color-anchor": "#12697d",
    "--mantine-color-placeholder": "#6a737b",
    "--mantine-color-error": "#c92a2a",
    "--app-canvas": "#f6f8f9",
    "--app-surface": "#ffffff",
    "--app-line": "#e1e6ea",
    "--app-mark": "#fff0b3",
  },
  dark: {
    "--mantine-color-dimmed": "#a5b1bb",
    "--mantine-color-anchor": "#7ec5d3",
    "--mantine-color-placeholder": "#8f9ba6",
    "--mantine-color-error": "#ff8787",
    "--app-canvas": "#11161b",
    "--app-surface": "#161c22",
    "--app-line": "#2d3740",
    "--app-mark": "#5c4a12",
  },
});
