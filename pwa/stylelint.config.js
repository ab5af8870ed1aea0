/** Only what breaks on old phones; how the styles look is a matter of taste, what they need is not. */
export default {
  plugins: ['stylelint-no-unsupported-browser-features'],
  overrides: [{ files: ['**/*.vue'], customSyntax: 'postcss-html' }],
  ignoreFiles: ['dist/**', 'node_modules/**', 'src/{views,components}/office/**'],
  reportNeedlessDisables: true,
  reportDescriptionlessDisables: true,
  rules: {
    'plugin/no-unsupported-browser-features': [
      true,
      {
        ignorePartialSupport: true,
        // Lowered by the build (nesting, short forms, colours), or harmless when it is missing.
        ignore: [
          'css-nesting', 'css-rrggbbaa', 'css-focus-visible', 'css-overscroll-behavior', 'css-scrollbar',
          'css-touch-action', 'css-containment', 'css-content-visibility', 'css-scroll-behavior', 'css-color-adjust',
          'css-resize', 'prefers-color-scheme', 'text-size-adjust',
        ],
      },
    ],
    'property-disallowed-list': [
      ['aspect-ratio', 'accent-color', 'container-type', 'translate', 'rotate', 'scale'],
      { message: (property) => `Chromium 83 does not know ${property}` },
    ],
    'at-rule-disallowed-list': ['layer', 'container', 'property', 'scope'],
    'selector-pseudo-class-disallowed-list': ['has', 'is', 'where'],
    'declaration-property-value-disallowed-list': { '/.*/': ['/\\d[sdl]v[hw]\\b/', '/color-mix\\(/'] },
  },
}
