export { SealedSecrets, SecretsAwayError } from './sealed-secrets.js';
