import DVLACMessagePack
public import DVLADiagnostics

/// Reads msgpack strictly: a message is either read the one way every correct reader reads it, or
/// refused with the place and the rule.
///
/// Every encoding of a value that the format has is taken, the shortest or not. Refused are
/// extension types, keys that are neither text nor bytes, equal keys in one map, text that is no
/// UTF-8, bytes after the value, and messages beyond the limits. msgpack-cxx reads the message;
/// what it finds goes through ``MessageGate`` before anything is made of it.
///
/// Source: https://github.com/msgpack/msgpack/blob/master/spec.md
public enum MessagePack {
  /// - Throws: one of the codes `message.*` declared beside this type, with the path and offset of
  ///   the value but for `message.too-large`, which comes before anything is read.
  public static func decode(
    _ bytes: [UInt8], limits: MessageLimits = .default
  ) throws(WeightsError) -> MessagePackValue {
    guard bytes.count <= limits.maximumByteCount else {
      throw WeightsError(
        .messageTooLarge,
        "expected a message of at most \(limits.maximumByteCount) bytes, found \(bytes.count)")
    }
    // Neither the buffer nor the address of the gate outlives the call.
    return unsafe try bytes.withUnsafeBufferPointer { (buffer) throws(WeightsError) in
      var gate = unsafe MessageGate(buffer, limits)
      var failure = message_pack_failure()
      var end = 0
      let result = unsafe withUnsafeMutablePointer(to: &gate) { gate in
        unsafe message_pack_parse(
          buffer.baseAddress, buffer.count,
          { context, event in
            guard let context = unsafe context, let event = unsafe event else { return false }
            return unsafe context.assumingMemoryBound(to: MessageGate.self).pointee
              .takes(MessageEvent(event.pointee))
          }, gate, &end, &failure)
      }
      return try gate.value(after: result, at: end, failure)
    }
  }
}

extension message_pack_failure {
  /// The library's words. Unsafe code: reads the message up to its zero byte, inside its array.
  var words: String {
    var message = message
    return unsafe withUnsafeBytes(of: &message) { buffer in
      unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
