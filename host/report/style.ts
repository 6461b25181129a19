/** Colours: text on its ground has a contrast of 4.5 to 1 at least, in both schemes. */
const LIGHT = `
--ground:#fff;--panel:#f6f8fa;--text:#1c2128;--muted:#535d68;--rule:#d3dae1;--link:#0a58b8;
--good:#17692f;--bad:#a8201a;--bad-ground:#ffeceb;--part:#7a4a00;--part-ground:#fff3d4;
--line:#0a58b8;--area:#0a58b81f;
--h1:#e4effb;--h2:#bfdaf6;--h3:#8fbdec;--h4:#2f6fb5;--h5:#134a87;--h-dark:#1c2128;--h-light:#fff;`;
const DARK = `
--ground:#10151b;--panel:#181f27;--text:#e3e7eb;--muted:#a0abb6;--rule:#313b46;--link:#79b8ff;
--good:#6cc985;--bad:#ff8f88;--bad-ground:#3a1a1b;--part:#eab85a;--part-ground:#362a12;
--line:#79b8ff;--area:#79b8ff26;
--h1:#15273b;--h2:#1b3b5d;--h3:#23527f;--h4:#6fa9e6;--h5:#b0d3f7;--h-dark:#e3e7eb;--h-light:#0c1116;`;

/** The style of a page, all of it. */
export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{color-scheme:light;${LIGHT}}}
*{box-sizing:border-box}
html{scroll-padding-top:4.5rem}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 24px}
h1{font-size:26px;line-height:1.25;margin:28px 0 2px;overflow-wrap:anywhere}
h2{font-size:20px;margin:44px 0 10px;padding-top:8px;border-top:1px solid var(--rule)}
h3{font-size:16px;margin:26px 0 6px;overflow-wrap:anywhere}
h4{font-size:14px;margin:16px 0 4px}
p{margin:6px 0;max-width:78ch}
a{color:var(--link)}
code,pre,.src,.mono{font:13px/1.5 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace}
code{overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:10px 14px;overflow:auto;max-height:32em;margin:8px 0}
.muted{color:var(--muted)}
nav{position:sticky;top:0;z-index:1;background:var(--ground);border-bottom:1px solid var(--rule);margin-top:12px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 22px;max-width:1180px;margin:0 auto;padding:9px 24px}
.skip{position:absolute;left:-999em}
.skip:focus{left:24px;top:4px;background:var(--ground)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 8px;padding:0;list-style:none}
.tiles li{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.tiles b{display:block;font-size:22px;line-height:1.3;font-variant-numeric:tabular-nums}
.tiles span{display:block;font-size:13px;color:var(--muted)}
.tiles .bad b{color:var(--bad)}
.notes{border-left:4px solid var(--part);background:var(--part-ground);padding:8px 14px 8px 32px;margin:14px 0}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:4px 10px;border-bottom:1px solid var(--rule)}
thead th{color:var(--muted);font-weight:600;font-size:13px;white-space:nowrap;border-bottom:2px solid var(--rule)}
tbody th{font-weight:400}
caption{text-align:left;color:var(--muted);font-size:13px;padding:0 0 6px;caption-side:top}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.wide{width:100%}
td.mono,th.mono{white-space:nowrap}
.chart{display:block;width:100%;min-width:920px;height:auto}
.charts{display:grid;grid-template-columns:1fr 1fr;gap:4px 20px}
.charts .chart{min-width:480px}
figure{margin:10px 0}
figcaption{font-weight:600;font-size:14px}
.grid{stroke:var(--rule)}.axis{stroke:var(--muted)}
.limit{stroke:var(--muted);stroke-dasharray:5 4}.resumed{stroke:var(--part);stroke-dasharray:2 3;stroke-width:1.5}
.tick{fill:var(--muted);font-size:12px;paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}.end{text-anchor:end}.mid{text-anchor:middle}
.line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round}.area{fill:var(--area)}
.found{fill:var(--bad);stroke:var(--ground)}
.bar{display:inline-block;width:110px;height:9px;vertical-align:middle;margin-right:8px}
.bar .all{fill:var(--bad)}.bar .got{fill:var(--good)}
.heat{font-size:13px}.heat td,.heat th{padding:3px 7px}.heat .mono{font-size:12px}
.heat td,.heat thead th{text-align:center}
.heat tbody th{text-align:left}
.heat td.l{text-align:left}
.heat td{white-space:nowrap;font-variant-numeric:tabular-nums;border:1px solid var(--ground);border-bottom-color:var(--rule)}
.heat .reg,.heat th{white-space:nowrap}
.h0{color:var(--bad);font-weight:700}
.h1{background:var(--h1);color:var(--h-dark)}.h2{background:var(--h2);color:var(--h-dark)}.h3{background:var(--h3);color:var(--h-dark)}
.h4{background:var(--h4);color:var(--h-light)}.h5{background:var(--h5);color:var(--h-light)}
.key span{padding:1px 9px;border:1px solid var(--rule)}
.src{border-spacing:0;border-collapse:separate;width:100%;font-size:12.5px}
.src td,.src th{border:0;padding:0 8px;line-height:1.55;font-family:inherit}
.src tbody th{text-align:right;color:var(--muted);font-weight:400;user-select:none;width:1%}
.src .m{width:1%;white-space:nowrap;text-align:right;font-size:12px}
.src .c{white-space:pre;tab-size:2;width:98%}
.src tr:target>*{outline:2px solid var(--link);outline-offset:-2px}
.src .y>.m:first-of-type{color:var(--good)}
.src .n>*{background:var(--bad-ground)}.src .n>.m:first-of-type{color:var(--bad)}
.src .p>*{background:var(--part-ground)}.src .p>.m{color:var(--part);font-weight:700}
.src .m a{color:var(--bad);font-weight:700}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
b.good{color:var(--good)}b.bad{color:var(--bad)}
.file{border:1px solid var(--rule);border-radius:6px;overflow:auto;margin:8px 0}
.sev{display:inline-block;border:1px solid currentColor;border-radius:10px;padding:0 8px;font-size:12.5px}
.fault,.violation{color:var(--bad)}.warning{color:var(--part)}
details{margin:8px 0}
summary{cursor:pointer;color:var(--link)}
footer{margin-top:48px;padding-bottom:32px;color:var(--muted);font-size:13px}
@media (max-width:760px){main,header,footer,nav ul{padding-left:14px;padding-right:14px}.charts{grid-template-columns:1fr}
.tiles{grid-template-columns:repeat(auto-fit,minmax(128px,1fr))}}
@media print{body{font-size:10pt}.charts{grid-template-columns:1fr 1fr}code,.mono{font-size:7.5pt}nav{display:none}main,header,footer{max-width:none;padding:0}
pre{max-height:none;white-space:pre-wrap}.src .c{white-space:pre-wrap;overflow-wrap:anywhere}.scroll,.file{overflow:visible}
td.mono,th.mono{white-space:normal;overflow-wrap:anywhere}.src,pre{font-size:7.5pt}.chart,.charts .chart{min-width:0}h2,h3{break-after:avoid}tr,figure,.tiles li{break-inside:avoid}
table{font-size:8pt}th,td{padding:2px 5px}thead{display:table-header-group}
.h1,.h2,.h3,.h4,.h5,.src tr>*,.tiles li,.bar{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;height:auto}}
`;
