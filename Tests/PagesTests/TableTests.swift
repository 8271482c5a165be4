import DVLAPages
import Testing

struct TableTests {
  private func table(_ narrow: Table.Narrow) -> String {
    Table(
      "A & B", narrow: narrow, columns: [.text("Name"), .number("Size")],
      rows: [Table.Row(["<b>x</b>", "\(1)"]), Table.Row(["y", ""], isBad: true)]
    ).markup.html
  }

  @Test func aTableThatScrollsDoesSoInABoxThatKeysReach() {
    let html = table(.scrolls)
    #expect(
      html.contains(
        "<div class=\"table scroll\" tabindex=\"0\" role=\"region\" aria-label=\"A &amp; B\">"))
    #expect(html.contains("<tr><td><b>x</b></td><td class=\"n\">1</td></tr>"))
    #expect(html.contains("<tr class=\"bad\"><td>y</td>"))
  }

  @Test func aTableThatFoldsSaysInEachCellWhatItIs() {
    let html = table(.folds)
    #expect(html.contains("role=\"table\""))
    #expect(
      html.contains(
        "<td role=\"cell\" class=\"n\" data-label=\"Size\"><span>1</span></td>"))
    #expect(html.contains("<td role=\"rowheader\"><span><b>x</b></span></td>"))
  }
}
