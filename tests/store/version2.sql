BEGIN TRANSACTION;
CREATE TABLE deliveries (
	id TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	raw BLOB NOT NULL, 
	verdict TEXT NOT NULL, 
	body TEXT, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_ns BIGINT NOT NULL, 
	said TEXT, 
	PRIMARY KEY (id)
);
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
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F63616D6572612E706E67','/tmp/pictures/camera.png',1808,1700000000000000000,X'947B2D4DBAC0557371B10AE99F9FA8DBBDC994F4BF7E6810F85AEF19CFF52504',NULL,NULL,1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F6564697465642E706E67','/tmp/pictures/edited.png',1556,1700000000000000000,X'A5C664A177AEAE5BC731E82E5D1ABFC3FC09CCBB977DE507C388A87C5E24086F',NULL,NULL,1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F656D7074792E706E67','/tmp/pictures/empty.png',0,1700000000000000000,NULL,'EmptyFile','{"size_bytes":null,"format":null,"width":null,"height":null,"alpha":null,"animated":null,"views":[],"claims":[],"remarks":[],"error":{"type":"EmptyFile","message":"the file is empty"},"outside":null}',1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F706C61696E2E706E67','/tmp/pictures/plain.png',1560,1700000000000000000,X'D6D40C9B350AA83D74DD97A30BDDFF21719A1A77D4AC45522218D97342CAF131',NULL,NULL,1,0);
INSERT INTO "files" VALUES(X'2F746D702F70696374757265732F736169642E706E67','/tmp/pictures/said.png',1934,1700000000000000000,X'2F7CDEFC525EEAB54364B2033B5768E78D0B3B63721B0CCA60B362653C978851',NULL,NULL,1,0);
CREATE TABLE scorers (
	id INTEGER NOT NULL, 
	recipe TEXT NOT NULL, 
	reading TEXT NOT NULL, 
	basis TEXT NOT NULL, 
	scan INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (recipe, reading)
);
INSERT INTO "scorers" VALUES(1,'8dc87550305285e1','c6aabf9b3ffb89cb','{"recipe": {"decode": {"version": 1, "background": [255, 255, 255]}, "views": {"names": ["squashed"], "size": 160, "short_side": 320, "max_aspect": 1.6, "min_side": 64}, "model": {"id": "fast-047170e6", "sha256": "047170e6206df124d4118ae8f2c78001a911def0a24f8227ae211a3867027770"}, "calibration": {"slope": 1.0, "intercept": 0.0}, "shrink": {"version": 1, "least_side": 2560}}, "thresholds": {"drawn_up_to": 0.218, "generated_from": 0.95, "false_drawn": 0.05, "false_generated": 0.01, "humans": 686, "generated": 810}}',1);
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
INSERT INTO "scores" VALUES(X'9ED97C950C330A5B556B00FE9D46390594F0A34437886EDD034C323444FBD7D8',1,NULL,'none','NotAPicture','{"size_bytes":10,"format":null,"width":null,"height":null,"alpha":null,"animated":null,"views":[],"claims":[],"remarks":[],"error":{"type":"NotAPicture","message":"not a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file"},"outside":null}');
INSERT INTO "scores" VALUES(X'947B2D4DBAC0557371B10AE99F9FA8DBBDC994F4BF7E6810F85AEF19CFF52504',1,2.19246029853820800781e+00,'outside',NULL,'{"size_bytes":1808,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":2.192460298538208}],"claims":[{"tool":"Adobe Photoshop","carrier":"Software text","kind":"human-editor","strength":"declared","place":{"path":"PNG tEXt Software","start":33,"end":84},"note":"A program that people make or edit pictures with wrote this; it may have saved any picture.","model":null,"prompt":null,"negative_prompt":null,"seed":null,"sampler":null,"details":{}}],"remarks":[],"error":null,"outside":0.5891518592834473}');
INSERT INTO "scores" VALUES(X'A5C664A177AEAE5BC731E82E5D1ABFC3FC09CCBB977DE507C388A87C5E24086F',1,2.22528004646301269531e+00,'outside',NULL,'{"size_bytes":1556,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":2.2252800464630127}],"claims":[{"tool":"NovelAI","carrier":"Software text","kind":"generated","strength":"hint","place":{"path":"PNG tEXt Software","start":33,"end":61},"note":"Only the program''s name is there, not what it did.","model":null,"prompt":null,"negative_prompt":null,"seed":null,"sampler":null,"details":{}}],"remarks":[],"error":null,"outside":0.6544855833053589}');
INSERT INTO "scores" VALUES(X'D6D40C9B350AA83D74DD97A30BDDFF21719A1A77D4AC45522218D97342CAF131',1,2.10311388969421386718e+00,'outside',NULL,'{"size_bytes":1560,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":2.103113889694214}],"claims":[],"remarks":[],"error":null,"outside":0.47481614351272583}');
INSERT INTO "scores" VALUES(X'2F7CDEFC525EEAB54364B2033B5768E78D0B3B63721B0CCA60B362653C978851',1,1.5538959503173828125e+00,'decides',NULL,'{"size_bytes":1934,"format":"PNG","width":100,"height":120,"alpha":false,"animated":false,"views":[{"name":"squashed","logit":1.5538959503173828}],"claims":[{"tool":"AUTOMATIC1111","carrier":"A1111 text","kind":"generated","strength":"declared","place":{"path":"PNG tEXt parameters","start":33,"end":146},"note":"","model":null,"prompt":"a fox","negative_prompt":null,"seed":11,"sampler":"Euler a","details":{"Steps":"20","CFG scale":"7","Size":"300x400","Version":"v1.10.1"}}],"remarks":[],"error":null,"outside":0.32381483912467957}');
CREATE TABLE tegaki_version (
	version INTEGER NOT NULL
);
INSERT INTO "tegaki_version" VALUES(2);
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX deliveries_by_state ON deliveries (state, channel, due_ns);
COMMIT;
