import DVLADiagnostics

/// The labels of the blocks in a PEM text (RFC 7468), to say what a file holds when it is not the
/// key that is wanted. libcrypto reads the blocks themselves.
struct PEMText {
  let bytes: [UInt8]
  /// Such as `PUBLIC KEY`, in the order of the file.
  let labels: [String]

  static let byteCountLimit = 64 << 10

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    labels = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).compactMap { line in
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix("-----BEGIN "), let end = text.dropFirst(11).firstRange(of: "-----")
      else { return nil }
      return String(text.dropFirst(11)[..<end.lowerBound])
    }
  }

  /// What was found, for a message.
  var summary: String {
    switch labels.count {
    case 0: "no PEM text"
    case 1: "a PEM text with \(labels[0].quoted)"
    default: "a PEM text with " + labels.prefix(4).map(\.quoted).joined(separator: ", ")
    }
  }
}
