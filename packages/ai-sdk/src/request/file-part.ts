import type { LanguageModelV3FilePart } from "@ai-sdk/provider";
import type { AudioPart, DocumentPart, ImagePart, TextPart } from "wick";
import { unsupportedFunctionality } from "../error/sdk-error.js";
import { fileContent, fileText, fileUrl } from "./file-data.js";
import { wickOptionsOfPart } from "./wick-options.js";

/** What a user can say beside text. Whether the model reads it is the model's to say. */
type SharedPart = TextPart | ImagePart | AudioPart | DocumentPart;

/** Addresses that are handed on as they are, for a host to fetch. Sounds are not among them: many hosts take their bytes alone. */
export const supportedUrls: Readonly<Record<string, RegExp[]>> = {
  "image/*": [/^https?:\/\//],
  "application/pdf": [/^https?:\/\//],
};

/**
 * A file as a part of a message.
 *
 * @throws `UnsupportedFunctionalityError` for a kind of file that Wick has no part for.
 */
export function filePart({ data, mediaType: given, filename, providerOptions }: LanguageModelV3FilePart): SharedPart {
  const content = fileContent(data);
  const mediaType = given.toLowerCase();
  switch (mediaType.split("/", 1)[0]) {
    case "image": {
      // `image` and `image/*` say no more than that it is one; hosts look at its bytes.
      const url = fileUrl(content, /\/[^*]/.test(mediaType) ? mediaType : "image/jpeg");
      const { detail } = wickOptionsOfPart(providerOptions);
      return { type: "image_url", imageUrl: isDetail(detail) ? { url, detail } : url };
    }
    case "audio":
      return { type: "input_audio", inputAudio: fileUrl(content, mediaType) };
    case "text": {
      const text = fileText(content);
      if (text !== undefined) return { type: "text", text };
      break;
    }
    default:
      if (mediaType === "application/pdf") {
        const documentUrl = fileUrl(content, mediaType);
        return { type: "document_url", documentUrl, ...(filename !== undefined && { documentName: filename }) };
      }
  }
  throw unsupportedFunctionality(
    `file part of type ${given}`,
    `Wick has no part for a file of type ${given}; give an image, a sound, a PDF, or text.`,
  );
}

function isDetail(value: unknown): value is "auto" | "low" | "high" {
  return value === "auto" || value === "low" || value === "high";
}
