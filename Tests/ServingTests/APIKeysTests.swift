import DVLADiagnostics
import Testing

@testable import DVLAPolicyServer

struct APIKeysTests {
  func keys(_ text: String) throws(WeightsError) -> APIKeys {
    try APIKeys(Array(text.utf8), path: "keys.txt")
  }

  @Test(arguments: ["\n", "\r\n"])
  func eachLineIsAKey(_ end: String) throws {
    let keys = try keys("first-key-0123456789\(end)\(end)second-key-0123456789\(end)")
    #expect(keys.allow("Api-Key first-key-0123456789"))
    #expect(keys.allow("api-key second-key-0123456789"))
  }

  @Test(arguments: [
    "", "Api-Key", "Api-Key ", "first-key-0123456789", "Bearer first-key-0123456789",
    "Api-Key first-key-012345678", "Api-Key first-key-01234567890", "Api-Key FIRST-KEY-0123456789",
    "Api-Key first-key-0123456789 ", "Api-Key first-key-0123456789\nsecond-key-0123456789",
  ])
  func anythingElseIsRefused(_ header: String) throws {
    #expect(try !keys("first-key-0123456789\nsecond-key-0123456789").allow(header))
  }

  @Test(arguments: ["", "\n\n", "short", "a key with spaces in it", "first-kéy-0123456789"])
  func aFileWithoutSoundKeysIsRefused(_ text: String) throws {
    #expect(throws: WeightsError(.init("serve.api-key"), "")) { try keys(text) }
  }

  @Test func anErrorDoesNotRepeatTheKey() throws {
    do throws(WeightsError) {
      _ = try keys("secret key")
      Issue.record("was taken")
    } catch { #expect(!error.description.contains("secret")) }
  }
}
