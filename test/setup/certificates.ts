// Certificates for tests, made by openssl: an authority of this run's own, and what it signs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export class TestAuthority {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'posthorn-ca-'));
  /** What verifies all that it signs. */
  readonly certificate: string;

  constructor(name = 'Test authority') {
    this.openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', 'ca.key', '-out', 'ca.pem'],
    );
    this.certificate = this.read('ca.pem');
  }

  /** A certificate for `name`, which also stands for this machine. */
  issue(name: string): KeyPair {
    writeFileSync(path.join(this.folder, 'extensions'), 'subjectAltName=IP:127.0.0.1\n');
    this.openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', 'its.key', '-out', 'its.csr'],
    );
    this.openssl(
      ...['x509', '-req', '-in', 'its.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'],
      ...['-extfile', 'extensions', '-out', 'its.pem'],
    );
    return { certificate: this.read('its.pem'), privateKey: this.read('its.key') };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }
}
