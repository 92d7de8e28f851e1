// Starts the page.
import { render } from 'preact';
import { App } from './app';
import { takeTokenOfLink } from './session/session';
import { applyTheme } from './shell/theme';

takeTokenOfLink();
applyTheme();
render(<App />, document.getElementById('app') as HTMLElement);
