import DVLATestSupport
import Foundation

extension HostileCase {
  /// Signature files, made of one by the OpenSSF tool. Those that are in form and yet not to be
  /// trusted are failed checks and no hostile files; the tests of signing have them.
  static let signatures: [HostileCase] = {
    var list = CaseList(.signature)
    let (form, kind) = ("signature.form", "signature.kind")
    @Sendable func sound() throws -> String {
      String(decoding: try FixtureFolder.bytes("signing/tool-p256.sig"), as: UTF8.self)
    }
    @Sendable func patched(_ old: String, _ new: String) throws -> [UInt8] {
      let text = try sound()
      guard text.contains(old) else { throw HostileCaseError.notThere(old) }
      return Array(text.replacing(old, with: new, maxReplacements: 1).utf8)
    }
    @Sendable func with(_ key: String, _ value: String) throws -> [UInt8] {
      let text = try sound()
      guard let start = text.range(of: "\"\(key)\":")?.upperBound,
        let end = text[start...].firstIndex(of: key == "signatures" ? "]" : ",")
      else { throw HostileCaseError.notThere(key) }
      let rest = text[end...].dropFirst(key == "signatures" ? 1 : 0)
      return Array((text[..<start] + value + rest).utf8)
    }
    list.add("F0", "the signature as it is", nil, building: { Array(try sound().utf8) })
    list.add("A1", "no byte", "json.truncated", [])
    list.add(
      "B5", "half of it", "json.truncated", building: { Array(try sound().utf8.prefix(900)) })
    list.add("A7", "a text", "json.syntax", text: "untrusted comment: signature\n")
    list.add("A8", "a pickle", "json.utf8", [0x80, 4, 0x95, 0, 0, 0])
    list.add(
      "B1", "a byte that no UTF-8 has", "json.utf8",
      building: {
        try patched(#""hint":""#, #""hint":"x"#).map { $0 == UInt8(ascii: "x") ? 0xFF : $0 }
      })
    list.add("B6", "1000 brackets", "json.depth", text: String(repeating: "[", count: 1000))
    list.add(
      "B18", "1001 values", "json.too-many-values",
      text: "[" + Array(repeating: "0", count: 1001).joined(separator: ",") + "]")
    list.add(
      "B18", "more than a megabyte", "file.too-large", text: String(repeating: " ", count: 1 << 21))
    list.add("E3", "no signature", form, building: { try with("signatures", "[]") })
    list.add("E14", "a payload of no bytes", form, building: { try with("payload", "\"\"") })
    list.add("E14", "a signature that is a number", "json.type", building: { try with("sig", "1") })
    for (group, what, code, old, new) in [
      ("E2", "a later version", kind, "bundle.v0.3", "bundle.v0.4"),
      ("E2", "a payload of another type", kind, "vnd.in-toto", "vnd.other"),
      ("E3", "a certificate", kind, #""tlogEntries":[]"#, #""tlogEntries":[],"certificate":{}"#),
      ("E3", "an entry of a log", form, #""tlogEntries":[]"#, #""tlogEntries":[{}]"#),
      (
        "E3", "a signature of the message itself", kind, #""dsseEnvelope""#,
        #""messageSignature":{},"dsseEnvelope""#
      ),
      ("E3", "two signatures", form, #""keyid":""}"#, #""keyid":""},{"sig":"AA==","keyid":""}"#),
      ("E3", "a name of a key outside the signature", form, #""keyid":"""#, #""keyid":"k""#),
      (
        "E3", "a member that nothing signs", "json.unknown-key", #""payloadType""#,
        #""release":9,"payloadType""#
      ),
      ("E14", "base64 with a space", form, #""payload":""#, #""payload":" "#),
      ("E14", "base64 for addresses", form, #""sig":"M"#, #""sig":"_"#),
      (
        "E14", "a payload twice", "json.duplicate-key", #""payload""#,
        #""payload":"AA==", "payload""#
      ),
    ] {
      list.add(group, what, code, building: { try patched(old, new) })
    }
    return list.cases
  }()
}
