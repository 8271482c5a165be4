import DVLADiagnostics
public import DVLAHashing
import DVLAJSON

/// What a signature says: the SHA-256 of one file, and of a bundle its root hash and release.
///
/// Its form is an in-toto statement (version 1) with the predicate of OpenSSF Model Signing 1.0.
/// The root hash and the release are annotations of the file, which other verifiers ignore.
public struct SignedStatement: Sendable, Equatable {
  /// The file as the signer named it; nil for a signature of a single file, which has no name.
  public let fileName: String?
  /// Of all bytes of the file.
  public let fileHash: Digest
  /// The root hash of the bundle; nil where another program signed.
  public let root: Digest?
  /// Counts up from release to release; nil where none was given.
  public let release: Int?

  /// Whole numbers that every JSON reader preserves.
  public static let releases = 1...(1 << 53 - 1)

  static let predicateType = "https://model_signing/signature/v1.0"
  /// The name of a model that is a single file: the path from the model to itself, as the OpenSSF
  /// tool writes it and demands it.
  private static let itself = "."
  private static let rootKey = "depthvla_root"
  private static let releaseKey = "depthvla_release"

  /// The name for people; it proves nothing.
  private let subject: String

  /// - Precondition: a release is one of ``releases``.
  public init(fileName: String, fileHash: Digest, root: Digest, release: Int?) {
    precondition(release.map(Self.releases.contains) ?? true, "a release out of range")
    self.fileName = nil
    self.fileHash = fileHash
    self.root = root
    self.release = release
    subject = fileName
  }

  var json: JSONValue {
    var annotations: [(String, JSONValue)] = []
    if let root { annotations.append((Self.rootKey, .string(root.hex))) }
    if let release { annotations.append((Self.releaseKey, .integer(Int64(release)))) }
    return InTotoStatement.json(
      subject: [
        "name": .string(subject), "digest": ["sha256": .string(Self.digest(of: fileHash).hex)],
      ],
      predicateType: Self.predicateType,
      predicate: [
        "serialization": ["method": "files", "hash_type": "sha256", "allow_symlinks": false],
        "resources": [
          [
            "name": .string(fileName ?? Self.itself), "algorithm": "sha256",
            "digest": .string(fileHash.hex), "annotations": .object(JSONObject(annotations)),
          ]
        ],
      ])
  }

  /// Reads a payload whose signature has been verified. Members that the format leaves to other
  /// programs are ignored; every annotation of this project must be known.
  ///
  /// - Throws: `json.*`, `signature.kind`, `signature.statement`, `signature.hashing`,
  ///   `signature.files`.
  init(_ payload: [UInt8]) throws(WeightsError) {
    let statement = try InTotoStatement(payload)
    let type = try statement.predicateType()
    guard try type.string() == Self.predicateType else {
      throw type.failure(
        .signatureKind, "expected \(Self.predicateType), found \((try type.string()).quoted)")
    }
    let predicate = try statement.predicate().object()
    try Self.checkHashing(predicate.required("serialization"))
    let resources = try predicate.required("resources")
    let files = try resources.array()
    guard files.count == 1 else {
      throw Self.isCheckFailed(
        resources.failure(
          .signatureFiles,
          "expected a signature of one file, the bundle, found \(files.count) files"))
    }
    let file = try files[0].object()
    let name = try file.required("name").string()
    fileName = name == Self.itself ? nil : name
    guard try file.required("algorithm").string() == "sha256" else {
      throw try file.required("algorithm").failure(
        .signatureHashing, "expected \"sha256\", the only hash this program supports here")
    }
    fileHash = try file.required("digest").digest()

    let only = try statement.subject()
    subject = try only.required("name").string()
    let stated = try only.required("digest").object().required("sha256")
    guard try stated.digest() == Self.digest(of: fileHash) else {
      throw stated.failure(
        .signatureStatement,
        "expected the SHA-256 over the hashes of the files, \(Self.digest(of: fileHash)), found "
          + (try stated.digest()).hex)
    }
    (root, release) = try Self.annotations(of: file)
  }

  /// - Throws: `signature.hashing`.
  private static func checkHashing(_ serialization: JSONReader) throws(WeightsError) {
    let members = try serialization.object()
    for (key, expected) in [("method", "files"), ("hash_type", "sha256")] {
      let member = try members.required(key)
      guard try member.string() == expected else {
        throw member.failure(
          .signatureHashing,
          "expected \(expected.quoted), all this program supports here, found "
            + (try member.string()).quoted)
      }
    }
  }

  private static func annotations(
    of file: JSONObjectReader
  ) throws(WeightsError) -> (root: Digest?, release: Int?) {
    guard let annotations = try file.optional("annotations")?.object() else { return (nil, nil) }
    // A later version of this program may sign a condition that this one does not know.
    for (key, reader) in annotations.members
    where key.hasPrefix("depthvla") && key != rootKey && key != releaseKey {
      throw reader.failure(
        .signatureStatement,
        "expected \(rootKey.quoted) or \(releaseKey.quoted); a later version may know this one")
    }
    return (
      try annotations.optional(rootKey)?.digest(),
      try annotations.optional(releaseKey)?.integer(in: releases)
    )
  }

  /// The digest of a model of one file: SHA-256 over the digests of its files.
  private static func digest(of fileHash: Digest) -> Digest { SHA256.hash(fileHash.bytes) }

  private static func isCheckFailed(_ error: WeightsError) -> WeightsError {
    var error = error
    error.kind = .checkFailed
    return error
  }
}
