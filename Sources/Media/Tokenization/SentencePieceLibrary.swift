import DVLACSentencePiece
import DVLADiagnostics

/// A model loaded by the SentencePiece library.
///
/// Unsafe code: the pointer comes from `sentencepiece_load`, is never null, is freed once, and is
/// only read in between, as the library's `Encode` is a const function without shared state. Every
/// buffer is handed to C with its own count.
@safe final class SentencePieceLibrary: @unchecked Sendable {
  private let model: OpaquePointer

  /// - Parameter modelProto: as ``ModelProtoWriter`` writes it.
  init(modelProto: [UInt8]) throws(WeightsError) {
    var failure = sentencepiece_failure()
    let model = unsafe modelProto.withUnsafeBufferPointer { bytes in
      unsafe sentencepiece_load(bytes.baseAddress, bytes.count, &failure)
    }
    guard let model = unsafe model else {
      throw WeightsError(.tokenizerMalformed, "SentencePiece refuses it: \(failure.words)")
    }
    unsafe self.model = model
  }

  deinit { unsafe sentencepiece_free(model) }

  func encode(_ text: String) throws(WeightsError) -> [Int] {
    var text = text
    var failure = sentencepiece_failure()
    // Nothing is put before the text, and a token holds a byte of it at least.
    var ids = [Int32](repeating: 0, count: text.utf8.count)
    let count = text.withUTF8 { text in
      unsafe text.withMemoryRebound(to: CChar.self) { text in
        unsafe ids.withUnsafeMutableBufferPointer { ids in
          unsafe sentencepiece_encode(
            model, text.baseAddress, text.count, ids.baseAddress, ids.count, &failure)
        }
      }
    }
    guard count >= 0 else {
      throw WeightsError(
        .tokenizerFailed, .unavailable, "SentencePiece cannot encode the text: \(failure.words)")
    }
    return ids.prefix(count).map(Int.init)
  }
}

extension sentencepiece_failure {
  /// The library's words. Unsafe code: reads the message up to its zero byte, inside its array.
  var words: String {
    var message = message
    return unsafe withUnsafeBytes(of: &message) { buffer in
      unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
