/** The program, by CHROME_PATH or where it usually is; undefined where there is none. */
export declare function findChromium(): string | undefined;
