public import DVLADiagnostics
import DVLAHashing
public import DVLAJSON
import DVLASigning

extension GateStatement {
  /// What the statement is, as in-toto asks for it: a name that nobody else gives to something
  /// else. A UUID claims no domain; the fragment is for people.
  public static let predicateType =
    "urn:uuid:7194bf74-2253-4654-8635-c4ab232fc5a5#depthvla-gate-v1"

  /// The names of the two digests of a bundle. That of the root hash is our own, as in-toto allows.
  private static let (fileKey, rootKey) = ("sha256", "depthvla_root")
  static let counts = 1...(1 << 53 - 1)

  /// The statement as it is signed.
  public var json: JSONValue {
    InTotoStatement.json(
      subject: [
        "name": .string(subject.name),
        "digest": [
          Self.fileKey: .string(subject.fileHash.hex), Self.rootKey: .string(subject.root.hex),
        ],
      ],
      predicateType: Self.predicateType,
      predicate: [
        "passed": .bool(passed), "budget": budget.json, "budget_sha256": .string(budget.digest.hex),
        "judgements": .array(judgements.map(\.json)),
        "reference": Self.json(reference),
        "observations": [
          "sha256": .string(observations.digest.hex), "count": .integer(Int64(observations.count)),
          "seeds": .integer(Int64(observations.seedCount)),
        ],
        "goldens": .array(goldens.map(Self.json)), "products": .string(products),
        "tool": .string(tool),
      ])
  }

  private static func json(_ reference: Reference) -> JSONValue {
    [
      "name": .string(reference.name), "family": .string(reference.family),
      "root": reference.root.map { .string($0.hex) } ?? .null,
      "files": .array(reference.files.map(json)),
    ]
  }

  private static func json(_ file: File) -> JSONValue {
    ["name": .string(file.name), "digest": [fileKey: .string(file.sha256.hex)]]
  }

  /// Reads a payload whose signature has been verified, and computes the verdict again.
  ///
  /// - Throws: `json.*`; `signature.kind` where it is no in-toto statement of version 1;
  ///   `gate.kind` where it is of another type; `signature.statement`, `gate.statement` and
  ///   `budget.*` where it is not as the page Attestations says; `gate.contradiction`.
  public init(_ payload: [UInt8]) throws(WeightsError) {
    let statement = try InTotoStatement(payload)
    let type = try statement.predicateType()
    guard try type.string() == Self.predicateType else {
      var error = type.failure(
        .gateKind,
        "expected the statement of a gate, \(Self.predicateType), found one of the type "
          + (try type.string()).quoted)
      error.kind = .checkFailed
      throw error
    }
    let predicate = try statement.predicate().object(
      allowing: [
        "passed", "budget", "budget_sha256", "judgements", "reference", "observations",
        "goldens", "products", "tool",
      ])
    let budget = try Budget(json: predicate.required("budget"))
    let stated = try predicate.required("budget_sha256")
    guard try stated.digest() == budget.digest else {
      throw Self.contradiction(
        stated, "the budget beside it has the digest \(budget.digest)")
    }
    let observations = try predicate.required("observations").object(
      allowing: ["sha256", "count", "seeds"])
    self.init(
      unchecked: try Self.subject(statement.subject()), budget,
      try Self.judgements(
        predicate.required("judgements"), of: budget.limits),
      try Self.reference(predicate.required("reference")),
      Observations(
        digest: try observations.required("sha256").digest(),
        count: try observations.required("count").integer(in: Self.counts),
        seedCount: try observations.required("seeds").integer(in: Self.counts)),
      try Self.files(predicate.required("goldens")),
      try predicate.required("products").string(), try predicate.required("tool").string())
    try checkConsistency(of: predicate, verdict: predicate.required("passed").bool())
  }

  private static func subject(_ object: JSONObjectReader) throws(WeightsError) -> Subject {
    let digests = try object.required("digest").object()
    return Subject(
      name: try object.required("name").string(),
      fileHash: try digests.required(fileKey).digest(),
      root: try digests.required(rootKey).digest())
  }

  private static func reference(_ reader: JSONReader) throws(WeightsError) -> Reference {
    let object = try reader.object(allowing: ["name", "family", "root", "files"])
    let root = try object.required("root")
    return Reference(
      name: try object.required("name").string(), family: try object.required("family").string(),
      root: root.isNull ? nil : try root.digest(), files: try files(object.required("files")))
  }

  private static func files(_ reader: JSONReader) throws(WeightsError) -> [File] {
    var files: [File] = []
    for item in try reader.array() {
      let file = try item.object(allowing: ["name", "digest"])
      files.append(
        File(
          name: try file.required("name").string(),
          sha256: try file.required("digest").object(allowing: [fileKey]).required(fileKey)
            .digest()))
    }
    return files
  }

  private static func judgements(
    _ reader: JSONReader, of limits: [BudgetLimit]
  ) throws(WeightsError) -> [Judgement] {
    let items = try reader.array()
    guard items.count == limits.count else {
      throw contradiction(
        reader,
        "expected one judgement for each of \(limits.count) limits, found \(items.count)")
    }
    var judgements: [Judgement] = []
    for (item, limit) in zip(items, limits) {
      let judgement = try Judgement(json: item, of: limit)
      try check(judgement, at: item)
      judgements.append(judgement)
    }
    return judgements
  }
}

extension JSONReader {
  /// A SHA-256 digest in hexadecimal.
  ///
  /// - Throws: `json.type`, `gate.statement`.
  fileprivate func digest() throws(WeightsError) -> Digest {
    guard let digest = Digest(hex: try string()) else {
      throw failure(
        .gateStatement,
        "expected 64 lowercase hexadecimal digits, found \((try string()).quoted)")
    }
    return digest
  }
}
