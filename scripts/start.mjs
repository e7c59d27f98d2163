// `npm start -- ARGUMENTS`: installs what is needed and runs `worldswitch compare ARGUMENTS`.
import { bundleCommandLine, ensureInstalled } from './checkout.mjs';

ensureInstalled();
const { main } = await import(await bundleCommandLine());
process.exitCode = await main(['compare', ...process.argv.slice(2)]);
