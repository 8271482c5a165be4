public import DVLADiagnostics
public import DVLAHashing
import DVLAJSON

/// What a gate found of a bundle, to be signed: the budget, each judgement, the verdict, and what
/// they rest on.
///
/// Its form is an in-toto statement (version 1) whose subject is the bundle and whose predicate is
/// of a type of this project. The page Attestations of the documentation specifies it. It holds no
/// times and no folders, so that the same inputs give the same statement.
public struct GateStatement: Sendable, Hashable {
  /// The bundle that was judged.
  public struct Subject: Sendable, Hashable {
    /// The name for people; it proves nothing.
    public let name: String
    /// Of all bytes of the file.
    public let fileHash: Digest
    /// The root hash, which binds everything in the bundle.
    public let root: Digest

    public init(name: String, fileHash: Digest, root: Digest) {
      self.name = name
      self.fileHash = fileHash
      self.root = root
    }
  }

  /// A file under the name that it had, without its folder.
  public struct File: Sendable, Hashable {
    public let name: String
    public let sha256: Digest

    public init(name: String, sha256: Digest) {
      self.name = name
      self.sha256 = sha256
    }
  }

  /// What the bundle was compared with: a bundle, or checkpoints.
  public struct Reference: Sendable, Hashable {
    public let name: String
    public let family: String
    /// Of a bundle; nil for checkpoints.
    public let root: Digest?
    /// The bundle's file, or the files of the checkpoints in the order of their use.
    public let files: [File]

    public init(name: String, family: String, root: Digest?, files: [File]) {
      self.name = name
      self.family = family
      self.root = root
      self.files = files
    }
  }

  /// What both were run on.
  public struct Observations: Sendable, Hashable {
    /// Of the whole set.
    public let digest: Digest
    public let count: Int
    /// Noises of each, with the recorded one.
    public let seedCount: Int

    public init(digest: Digest, count: Int, seedCount: Int) {
      self.digest = digest
      self.count = count
      self.seedCount = seedCount
    }
  }

  public let subject: Subject
  /// The limits that were judged.
  public let budget: Budget
  /// One for each limit of the budget, in its order.
  public let judgements: [Judgement]
  public let reference: Reference
  public let observations: Observations
  public let goldens: [File]
  /// In words: how products of the candidate are computed.
  public let products: String
  /// The program and version that judged.
  public let tool: String

  /// Whether every limit holds.
  public var passed: Bool { judgements.allSatisfy(\.passed) }

  /// - Throws: `budget.*` and `json.*` for a budget that could not be read again, and for numbers
  ///   that are none; `gate.contradiction` where the judgements are not those of the budget;
  ///   `gate.statement` for counts out of range.
  public init(
    subject: Subject, budget: Budget, judgements: [Judgement], reference: Reference,
    observations: Observations, goldens: [File] = [], products: String, tool: String
  ) throws(WeightsError) {
    let statement = Self(
      unchecked: subject, budget, judgements, reference, observations, goldens, products, tool)
    // What is signed must be readable, and the budget may be of a caller's making.
    try self.init(Array(statement.json.encoded().utf8))
  }

  init(
    unchecked subject: Subject, _ budget: Budget,
    _ judgements: [Judgement], _ reference: Reference, _ observations: Observations,
    _ goldens: [File], _ products: String,
    _ tool: String
  ) {
    self.subject = subject
    self.budget = budget
    self.judgements = judgements
    self.reference = reference
    self.observations = observations
    self.goldens = goldens
    self.products = products
    self.tool = tool
  }
}
