BEGIN TRANSACTION;
CREATE TABLE files (
	raw BLOB NOT NULL, 
	path TEXT NOT NULL, 
	size BIGINT, 
	mtime_ns BIGINT, 
	sha256 BLOB, 
	error TEXT, 
	facts TEXT, 
	scan INTEGER NOT NULL, 
	gone BOOLEAN NOT NULL, 
	PRIMARY KEY (raw)
);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F6261642E706E67','/tmp/pictures/bad.png',10,1700000000000000000,X'9ED97C950C330A5B556B00FE9D46390594F0A34437886EDD034C323444FBD7D8',NULL,NULL,1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F656D7074792E706E67','/tmp/pictures/empty.png',0,1700000000000000000,NULL,'EmptyFile','{"size_bytes":null,"format":null,"width":null,"height":null,"alpha":null,"animated":null,"views":[],"claims":[],"remarks":[],"error":{"type":"EmptyFile","message":"the file is empty"}}',1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F706C61696E2E706E67','/tmp/pictures/plain.png',1025,1700000000000000000,X'3EC6B6F12A0302C1A6EF7B511D21C921808403E910DD77288ECD71116A4AB27E',NULL,NULL,1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F736169642E706E67','/tmp/pictures/said.png',1138,1700000000000000000,X'B07898AB971EC43C1BC5A054A453F48CFF892ABBA3BECF1C63ECBE61C4B9922A',NULL,NULL,1,0);
CREATE TABLE scorers (
	id INTEGER NOT NULL, 
	recipe TEXT NOT NULL, 
	reading TEXT NOT NULL, 
	basis TEXT NOT NULL, 
	scan INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (recipe, reading)
);
INSERT INTO "scorers" VALUES(1,'95e5452ad89bbe24','c0ed5348c2969e91','{"recipe": {"decode": {"version": 1, "background": [255, 255, 255]}, "views": {"names": ["squashed", "upper-left", "lower-right"], "size": 224, "short_side": 320, "max_aspect": 1.6, "min_side": 64}, "model": {"id": "blend-42f5ef50", "sha256": "42f5ef50dcbf2b44cccb1c601d1adddb8ff8b49e856b14420de33a607f9bf5ea"}, "calibration": {"slope": 3.00892814594559, "intercept": 0.22454542604158018}}, "thresholds": {"drawn_up_to": 0.221, "generated_from": 0.966, "false_drawn": 0.05, "false_generated": 0.01, "humans": 193, "generated": 174}}',1);
CREATE TABLE scores (
	sha256 BLOB NOT NULL, 
	scorer INTEGER NOT NULL, 
	logit DOUBLE, 
	pull TEXT NOT NULL, 
	error TEXT, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (sha256, scorer), 
	FOREIGN KEY(scorer) REFERENCES scorers (id)
);
INSERT INTO "scores" VALUES(X'9ED97C950C330A5B556B00FE9D46390594F0A34437886EDD034C323444FBD7D8',1,NULL,'none','NotAPicture','{"size_bytes":10,"format":null,"width":null,"height":null,"alpha":null,"animated":null,"views":[],"claims":[],"remarks":[],"error":{"type":"NotAPicture","message":"not a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file"}}');
INSERT INTO "scores" VALUES(X'3EC6B6F12A0302C1A6EF7B511D21C921808403E910DD77288ECD71116A4AB27E',1,-7.87148396174112918721e-01,'none',NULL,'{"size_bytes":1025,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":-0.25745636224746704},{"name":"upper-left","logit":-0.9269160628318787},{"name":"lower-right","logit":-1.1770727634429932}],"claims":[],"remarks":[],"error":null}');
INSERT INTO "scores" VALUES(X'B07898AB971EC43C1BC5A054A453F48CFF892ABBA3BECF1C63ECBE61C4B9922A',1,-7.87148396174112918721e-01,'decides',NULL,'{"size_bytes":1138,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":-0.25745636224746704},{"name":"upper-left","logit":-0.9269160628318787},{"name":"lower-right","logit":-1.1770727634429932}],"claims":[{"tool":"AUTOMATIC1111","carrier":"A1111 text","kind":"generated","strength":"declared","place":{"path":"PNG tEXt parameters","start":33,"end":146},"note":"","model":null,"prompt":"a fox","negative_prompt":null,"seed":11,"sampler":"Euler a","details":{"Steps":"20","CFG scale":"7","Size":"300x400","Version":"v1.10.1"}}],"remarks":[],"error":null}');
CREATE TABLE tegaki_version (
	version INTEGER NOT NULL
);
INSERT INTO "tegaki_version" VALUES(1);
CREATE INDEX files_by_content ON files (sha256);
COMMIT;
