public import DVLADiagnostics
import DVLAFiles
import DVLAJSON
public import DVLASigning

/// The signed statement of a gate as a file: an envelope as that of a bundle's signature.
public struct GateFile: Sendable {
  private let envelope: SignedEnvelope

  /// Which key made it, if it says so.
  public var keyFingerprint: String? { envelope.keyFingerprint }
  /// The text of the file. By an Ed25519 key the same statement gives the same bytes.
  public var bytes: [UInt8] { envelope.bytes }
  /// Most bytes of a file.
  public static let byteCountLimit = SignedEnvelope.byteCountLimit

  /// Where the statement about a bundle is unless something else is said: the bundle's own path
  /// and `.gate`.
  public static func path(ofBundle path: String) -> String { path + ".gate" }

  /// - Throws: `gate.statement` where the file would be larger than is read;
  ///   `signature.not-made`.
  public init(_ statement: GateStatement, by key: PrivateKey) throws(WeightsError) {
    envelope = try SignedEnvelope(payload: Array(statement.json.encoded().utf8), by: key)
    guard envelope.bytes.count <= Self.byteCountLimit else {
      throw WeightsError(
        .gateStatement,
        "the statement would have \(envelope.bytes.count) bytes; at most \(Self.byteCountLimit) "
          + "are read")
    }
  }

  /// - Throws: `json.*`, `signature.form`, `signature.kind`.
  public init(_ bytes: [UInt8]) throws(WeightsError) { envelope = try SignedEnvelope(bytes) }

  /// Reads a file.
  ///
  /// - Throws: `file.*`; as ``init(_:)-([UInt8])``.
  public init(path: String) throws(WeightsError) {
    do throws(WeightsError) {
      try self.init(readWholeFile(path: path, limit: Self.byteCountLimit))
    } catch { throw error.inFile(path) }
  }

  /// What was signed, and by which of the keys. The statement is parsed after its signature was
  /// verified.
  ///
  /// - Throws: `signature.key`, `signature.invalid`; then as ``GateStatement/init(_:)``.
  public func verify(
    trusting keys: [PublicKey]
  ) throws(WeightsError) -> (statement: GateStatement, key: PublicKey) {
    let (payload, key) = try envelope.verify(trusting: keys)
    return (try GateStatement(payload), key)
  }

  /// What the file says, whoever made it: for people, and for no decision.
  ///
  /// - Throws: as ``GateStatement/init(_:)``.
  public func unverifiedStatement() throws(WeightsError) -> GateStatement {
    try GateStatement(envelope.unverifiedPayload)
  }

  /// Writes the file, which appears whole or not at all.
  ///
  /// - Throws: `file.*`, and what creating the file throws.
  public func write(to path: String, overwrite: Bool = false) throws(WeightsError) {
    let file = try AtomicOutputFile(path: path, overwrite: overwrite)
    defer { file.discard() }
    let bytes = bytes
    try file.write(unsafe bytes.span.bytes, at: 0)
    try file.commit()
  }
}
