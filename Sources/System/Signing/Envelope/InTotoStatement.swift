public import DVLADiagnostics
import DVLAHashing
public import DVLAJSON

/// The outer form of an in-toto statement (version 1): something is said, by a predicate of some
/// type, of a subject.
public struct InTotoStatement: Sendable {
  static let type = "https://in-toto.io/Statement/v1"

  private let members: JSONObjectReader

  /// Reads a payload whose signature has been verified. What the predicate says is for its type to
  /// read.
  ///
  /// - Throws: `json.*`, `signature.kind` where it is a statement of another version or none.
  public init(_ payload: [UInt8]) throws(WeightsError) {
    members = try JSONReader(Self.parse(payload), path: "payload").object(
      allowing: ["_type", "subject", "predicateType", "predicate"])
    let type = try members.required("_type")
    guard try type.string() == Self.type else {
      throw type.failure(
        .signatureKind, "expected \(Self.type), found \((try type.string()).quoted)")
    }
  }

  /// The one thing that the statement is about.
  ///
  /// - Throws: `json.*`, `signature.statement` unless there is exactly one.
  public func subject() throws(WeightsError) -> JSONObjectReader {
    let subjects = try members.required("subject")
    let all = try subjects.array()
    guard let only = all.first, all.count == 1 else {
      throw subjects.failure(.signatureStatement, "expected one, found \(all.count)")
    }
    return try only.object()
  }

  /// - Throws: `json.*`.
  public func predicateType() throws(WeightsError) -> JSONReader {
    try members.required("predicateType")
  }

  /// - Throws: `json.*`.
  public func predicate() throws(WeightsError) -> JSONReader { try members.required("predicate") }

  /// The statement as it is signed.
  public static func json(
    subject: JSONValue, predicateType: String, predicate: JSONValue
  ) -> JSONValue {
    [
      "_type": .string(type), "subject": [subject], "predicateType": .string(predicateType),
      "predicate": predicate,
    ]
  }

  private static func parse(_ payload: [UInt8]) throws(WeightsError) -> JSONValue {
    let limits = JSONLimits(
      maximumByteCount: SignedEnvelope.byteCountLimit, maximumDepth: 32,
      maximumValueCount: 100_000)
    do throws(WeightsError) { return try StrictJSON.parse(payload, limits: limits) } catch {
      // A line and column of the decoded payload, not of the file.
      throw error.prefixed("payload: ")
    }
  }
}

extension JSONReader {
  /// A SHA-256 digest in hexadecimal.
  ///
  /// - Throws: `json.type`, `signature.statement`.
  func digest() throws(WeightsError) -> Digest {
    guard let digest = Digest(hex: try string()) else {
      throw failure(
        .signatureStatement,
        "expected 64 lowercase hexadecimal digits, found \((try string()).quoted)")
    }
    return digest
  }
}
