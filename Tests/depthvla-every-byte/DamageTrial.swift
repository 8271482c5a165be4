import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLATensors
import Foundation

/// Changes made to a bundle one at a time, each undone before the next.
struct DamageTrial {
  private let path: String
  private let file: FileHandle
  private let byteCount: Int
  private let sound: WeightBundle
  /// SHA-256 of what each tensor decodes to.
  private let digests: [TensorName: Digest]

  private var tried = 0
  private var refusedOpening = 0
  private var foundByVerify = 0
  private var refusedLoads = 0
  private var trueLoads = 0
  /// Changes that nothing found, and tensors that were not the true ones.
  private(set) var missed = 0

  init(path: String) throws {
    self.path = path
    file = try FileHandle(forUpdating: URL(filePath: path))
    sound = try WeightBundle(path: path)
    byteCount = sound.byteCount
    var digests: [TensorName: Digest] = [:]
    try sound.load(threads: 2) { tensor, bytes in digests[tensor.name] = Self.digest(bytes) }
    self.digests = digests
    guard try sound.verify(threads: 2).isIntact else { throw CocoaError(.fileReadCorruptFile) }
  }

  private static func digest(_ bytes: TensorBytes) -> Digest {
    bytes.withBytes { SHA256.hash($0) }
  }

  mutating func tryEveryByte() throws {
    for place in 0..<byteCount {
      let byte = try self.byte(at: place)
      for change in 1...255 as ClosedRange<UInt8> { try put(byte ^ change, at: place, whole: true) }
      try write(byte, at: place)
    }
  }

  mutating func tryEveryTruncation() throws {
    let bytes = try Data(contentsOf: URL(filePath: path))
    for count in (0..<byteCount).reversed() {
      try file.truncate(atOffset: UInt64(count))
      look(from: nil, whole: true, at: "cut to \(count) bytes")
    }
    try bytes.write(to: URL(filePath: path))
  }

  mutating func trySample(_ count: Int) throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for number in 0..<count {
      // One place in each of as many equal parts of the file; a tenth of them in the header.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let header = sound.bundleTensors.first?.storedRange.lowerBound ?? byteCount
      let range = number % 10 == 0 ? 0..<header : 0..<byteCount
      let part = range.count / count
      let place = number * part + Int(state >> 33) % max(part, 1)
      let byte = try self.byte(at: place)
      let values = [byte ^ (1 << UInt8(state >> 60 & 7)), byte &+ 1, byte == 0 ? 0xFF : 0]
      for (index, value) in values.enumerated() {
        try put(value, at: place, whole: number % 50 == 1 && index == 0)
      }
      try write(byte, at: place)
    }
  }

  private func byte(at place: Int) throws -> UInt8 {
    try file.seek(toOffset: UInt64(place))
    guard let byte = try file.read(upToCount: 1)?.first else {
      throw CocoaError(.fileReadCorruptFile)
    }
    return byte
  }

  private func write(_ byte: UInt8, at place: Int) throws {
    try file.seek(toOffset: UInt64(place))
    try file.write(contentsOf: Data([byte]))
  }

  private mutating func put(_ byte: UInt8, at place: Int, whole: Bool) throws {
    try write(byte, at: place)
    let owner = sound.bundleTensors.first { $0.storedRange.contains(place) }
    look(from: owner, whole: whole, at: "byte \(place) made \(byte)")
  }

  /// Opens the changed bundle; verifies and loads all of it, or loads the tensor of the change.
  private mutating func look(from owner: BundleTensor?, whole: Bool, at what: String) {
    tried += 1
    let bundle: WeightBundle
    do { bundle = try WeightBundle(path: path) } catch {
      refusedOpening += 1
      return
    }
    if whole || owner == nil {
      if (try? bundle.verify(threads: 2).isIntact) == true {
        miss(what, "verify finds nothing")
      } else {
        foundByVerify += 1
      }
    }
    for tensor in whole ? bundle.bundleTensors : owner.map({ [$0] }) ?? [] {
      guard let bytes = try? bundle.bytes(of: tensor, threads: 1) else {
        refusedLoads += 1
        continue
      }
      trueLoads += 1
      if Self.digest(bytes) != digests[tensor.name] { miss(what, "\(tensor.name) is wrong") }
      if tensor.name == owner?.name { miss(what, "\(tensor.name) loads") }
    }
  }

  private mutating func miss(_ what: String, _ how: String) {
    missed += 1
    print("MISSED: \(what): \(how)")
  }

  var report: String {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return """
      \(byteCount) bytes, \(tried) changes: \(refusedOpening) refused at opening, \(foundByVerify) \
      found by verify, \(refusedLoads) loads refused; \(trueLoads) tensors loaded, all true; \
      \(missed) missed; most memory \(usage.ru_maxrss >> 10) MB
      """
  }
}
