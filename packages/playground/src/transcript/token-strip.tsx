import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { TokenLogprob } from "wick/remote";

/** Tokens that are shown at once. */
const pageSize = 2000;
const unlikely = [0.9, 0.6, 0.3, 0.1];

/** The answer token by token: how likely each was, and what else there was. Arrows go from one to the next. */
export function TokenStrip({ tokens }: { tokens: readonly TokenLogprob[] }) {
  const id = useId();
  const page = useSignal(0);
  const active = useSignal(0);
  const pages = Math.ceil(tokens.length / pageSize);
  const from = page.value * pageSize;
  const shown = tokens.slice(from, from + pageSize);
  const token = tokens[active.value];
  const move = (to: number) => {
    active.value = Math.min(from + shown.length - 1, Math.max(from, to));
  };
  const turn = (to: number) => {
    page.value = to;
    active.value = to * pageSize;
  };
  return (
    <div class="tokens">
      {pages > 1 && <Pages page={page.value} pages={pages} onTurn={turn} />}
      <div
        class="token-list"
        role="listbox"
        aria-label="Tokens of the answer"
        tabIndex={0}
        aria-activedescendant={`${id}-${active.value}`}
        onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (step !== undefined) move(active.value + step);
          else if (event.key === "Home") move(from);
          else if (event.key === "End") move(from + shown.length - 1);
          else return;
          event.preventDefault();
        }}
      >
        {shown.map((one, index) => (
          <span
            key={from + index}
            id={`${id}-${from + index}`}
            role="option"
            class={`token likely-${levelOf(one)}`}
            aria-selected={active.value === from + index}
            aria-label={`${visible(one.token)}, ${percent(one.logprob)}`}
            onMouseEnter={() => move(from + index)}
            onClick={() => move(from + index)}
          >
            {visible(one.token)}
            {one.token.includes("\n") && <br />}
          </span>
        ))}
      </div>
      {token !== undefined && <TokenCard token={token} />}
    </div>
  );
}

function TokenCard({ token }: { token: TokenLogprob }) {
  const others = token.top ?? [];
  return (
    <div class="token-card">
      <p>
        <code>{quoted(token.token)}</code> <span class="figure">{percent(token.logprob)}</span>
        {token.id >= 0 && <span class="figure muted">id {token.id}</span>}
      </p>
      {others.length > 0 && (
        <ol aria-label="Alternatives">
          {others.map((other, index) => (
            <li key={index} class={other.id === token.id && other.token === token.token ? "taken" : ""}>
              <code>{quoted(other.token)}</code>
              <meter
                min={0}
                max={1}
                value={Math.exp(other.logprob)}
                aria-label={`Probability of ${quoted(other.token)}`}
              />
              <span class="figure">{percent(other.logprob)}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Pages({ page, pages, onTurn }: { page: number; pages: number; onTurn: (to: number) => void }) {
  return (
    <p class="pages">
      <button type="button" class="plain" aria-disabled={page === 0} onClick={() => onTurn(Math.max(0, page - 1))}>
        Earlier
      </button>
      <span class="figure">
        {page + 1} / {pages}
      </span>
      <button
        type="button"
        class="plain"
        aria-disabled={page === pages - 1}
        onClick={() => onTurn(Math.min(pages - 1, page + 1))}
      >
        Later
      </button>
    </p>
  );
}

/** 0 for a token that was nearly sure, 4 for one that was a surprise. */
function levelOf({ logprob }: TokenLogprob): number {
  const probability = Math.exp(logprob);
  return unlikely.filter((limit) => probability < limit).length;
}

function percent(logprob: number): string {
  const share = 100 * Math.exp(logprob);
  return share < 0.1 ? "< 0.1 %" : `${share.toFixed(1)} %`;
}

function visible(token: string): string {
  return token.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}

function quoted(token: string): string {
  return JSON.stringify(token);
}
