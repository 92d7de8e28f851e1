// The handshakes that come as GET or HEAD, before there is anything to sign. They are answered for a source whose provider
// knows them and for no other, and nothing of them is stored.
import { Inject, Injectable, Logger } from '@nestjs/common';
import { SETTINGS_TOKEN } from '../platform/config/index.js';
import type { Settings } from '../platform/config/index.js';
import { publicUrlOf } from '../platform/http/index.js';
import type { HttpRequest } from '../platform/http/index.js';
import { InvalidSignatureError, NoChallengeError } from './inbound.errors.js';
import type { HandshakeAnswer } from './providers/provider.js';
import { Rejections } from './rejections/rejections.js';
import { SourceGate } from './source.gate.js';

const NO_BODY = Buffer.alloc(0);

@Injectable()
export class ChallengesService {
  private readonly logger = new Logger('Handshake');

  constructor(
    private readonly gate: SourceGate,
    private readonly rejections: Rejections,
    @Inject(SETTINGS_TOKEN) private readonly settings: Settings,
  ) {}

  /**
   * @throws NotFoundError when there is no such source, NoChallengeError when its provider asks nothing this way,
   *   InvalidSignatureError when the question is not the provider's.
   */
  async answer(parameters: Readonly<Record<string, string>>, incoming: HttpRequest): Promise<HandshakeAnswer> {
    const { source, provider } = await this.gate.enter(parameters, incoming);
    if (!provider.challenge) throw new NoChallengeError();
    const { method, headers } = incoming;
    const url = publicUrlOf(incoming, this.settings.publicUrl);
    const answer = provider.challenge({ method, url, headers, body: NO_BODY }, source);
    const whose = `${source.tenantId}/${source.name} (${provider.name})`;
    if (!answer) {
      this.rejections.count(source, 'challenge_refused', incoming);
      throw new InvalidSignatureError();
    }
    this.logger.log(`Answered the ${answer.kind} of ${whose}.`);
    return answer;
  }
}
