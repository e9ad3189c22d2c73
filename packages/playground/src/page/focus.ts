/** The id of the message box. */
export const messageBoxId = "message";

/** Puts the focus where one writes. */
export function focusMessageBox(): void {
  document.getElementById(messageBoxId)?.focus();
}

/**
 * After a button that goes away with what it did: who pressed it by the keyboard goes on where one writes, and not at the page's
 * beginning. Who pressed it by a finger is not shown a keyboard.
 */
export function leaveButton({ detail }: MouseEvent): void {
  if (detail === 0) focusMessageBox();
}
