/** The horn. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="9" cy="14" r="5" />
    <path d="M9 9h7l5-4v12l-5-3h-2" />
  </svg>
);
