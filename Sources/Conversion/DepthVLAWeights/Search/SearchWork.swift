import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLAPrecisionSearch
import DVLATensors

/// What a search has measured so far, in a file that another run goes on from. Every number in it
/// cost at least a part of a forward.
final class SearchWork {
  private let path: String?
  private let key: Digest
  private var measured: [String: Entry] = [:]
  private var order: [String] = []

  /// One measurement.
  struct Entry: Equatable {
    /// u_l^2 by limit.
    let used: [Double]
    let passed: Bool
    /// In forwards.
    let cost: Double
    /// Where observations were compared: the one that used most.
    let worst: Int
  }

  private static let byteCountLimit = 64 << 20

  /// - Parameters:
  ///   - path: nil: nothing is kept.
  ///   - key: of the search; a file of another is passed over and replaced.
  /// - Throws: `file.*`.
  init(_ path: String?, key: Digest) throws(WeightsError) {
    self.path = path
    self.key = key
    guard let path, try FileIdentity(path: path) != nil else { return }
    let contents = try readWholeFile(path: path, limit: Self.byteCountLimit)
    do throws(WeightsError) { try take(contents) } catch {
      // Nothing in it is needed: it is measured again.
      (measured, order) = ([:], [])
    }
  }

  private func take(_ contents: [UInt8]) throws(WeightsError) {
    let root = try JSONReader(try StrictJSON.parse(contents, limits: .document))
      .object(allowing: ["key", "measured"])
    guard try root.required("key").string() == key.hex else { return }
    for (name, reader) in try root.required("measured").object().members {
      let object = try reader.object(allowing: ["used", "passed", "cost", "worst"])
      let used = try object.required("used").array().map { (item) throws(WeightsError) in
        try item.number()
      }
      order.append(name)
      measured[name] = Entry(
        used: used, passed: try object.required("passed").bool(),
        cost: try object.required("cost").number(),
        worst: try object.required("worst").integer(in: 0...Int(Int32.max)))
    }
  }

  /// What was measured under that name, or what `make` measures now.
  ///
  /// - Throws: what `make` throws; `file.*`.
  func entry(
    _ name: String, _ make: () throws(WeightsError) -> Entry
  ) throws(WeightsError) -> Entry {
    if let known = measured[name] { return known }
    let entry = try make()
    measured[name] = entry
    order.append(name)
    try write()
    return entry
  }

  private func write() throws(WeightsError) {
    guard let path else { return }
    let members = order.compactMap { name in
      measured[name].map { entry -> (String, JSONValue) in
        (
          name,
          [
            "used": .array(entry.used.map { .number($0) }), "passed": .bool(entry.passed),
            "cost": .number(entry.cost), "worst": .integer(Int64(entry.worst)),
          ]
        )
      }
    }
    let json: JSONValue = [
      "key": .string(key.hex), "measured": .object(JSONObject(members)),
    ]
    let file = try AtomicOutputFile(path: path, overwrite: true)
    let bytes = Array(json.encoded().utf8)
    // The bytes of an array of integers are always initialised.
    try file.write(unsafe bytes.span.bytes, at: 0)
    try file.commit()
  }
}
